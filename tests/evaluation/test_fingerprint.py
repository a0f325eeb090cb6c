import torch

from segadapt.evaluation.fingerprint import Fingerprint

CLASSES = ("sky", "road")
MASK = torch.zeros(4, 6, dtype=torch.uint8)


def digest(*images, classes=CLASSES):
    found = Fingerprint(classes)
    for name, mask in images:
        found.add(name, mask)
    return found.hexdigest()


def test_the_same_images_have_the_same_fingerprint():
    assert digest(("a", MASK), ("b", MASK)) == digest(("a", MASK.long()), ("b", MASK.clone()))


def test_any_difference_shows():
    changed = MASK.clone()
    changed[3, 5] = 255
    different = [
        digest(("a", MASK), ("b", MASK)),
        digest(("a", MASK)),
        digest(("a", MASK), ("c", MASK)),
        digest(("a", MASK), ("b", changed)),
        digest(("a", MASK), ("b", MASK.reshape(6, 4))),
        digest(("a", MASK), ("b", MASK), classes=("road", "sky")),
    ]
    assert len(set(different)) == len(different)
