"""A small ``trainval_merged.json``, written by the format's definition."""

import json

import numpy as np

SIZES = {"2008_000002": (37, 50), "2008_000003": (50, 37), "2010_006086": (20, 31)}
PHASES = {"2008_000002": "val", "2008_000003": "train", "2010_006086": "train"}
CLASSES = (2, 454, 158, 25, 458, 9)


def rectangles(name):
    """Class, top, left, bottom and right of the masks of an image, which overlap."""
    generator = np.random.default_rng(int(name[-3:]))
    height, width = SIZES[name]
    for category in generator.choice(CLASSES, 5):
        top, bottom = sorted(generator.integers(0, height + 1, 2).tolist())
        left, right = sorted(generator.integers(0, width + 1, 2).tolist())
        if top < bottom and left < right:
            yield int(category), top, left, bottom, right


def counts(height, width, top, left, bottom, right):
    """Runs of a rectangle, in the compressed text."""
    pixels = [
        top <= row < bottom and left <= column < right
        for column in range(width)
        for row in range(height)
    ]
    lengths, last = [0], False
    for pixel in pixels:
        if pixel != last:
            lengths.append(0)
        lengths[-1] += 1
        last = pixel
    text = ""
    for place, length in enumerate(lengths):
        value = length - (lengths[place - 2] if place > 2 else 0)
        while True:
            group, value = value & 31, value >> 5
            done = value == (-1 if group & 16 else 0)
            text += chr(48 + (group if done else group | 32))
            if done:
                break
    return text


def content():
    images = [
        {
            "image_id": int(name.replace("_", "")),
            "file_name": f"{name}.jpg",
            "height": size[0],
            "width": size[1],
            "phase": PHASES[name],
        }
        for name, size in SIZES.items()
    ]
    test = {"image_id": 7, "file_name": "t.jpg", "height": 1, "width": 1, "phase": "test"}
    annotations = [
        {
            "id": number,
            "image_id": image["image_id"],
            "category_id": rectangle[0],
            "segmentation": {
                "size": [image["height"], image["width"]],
                "counts": counts(image["height"], image["width"], *rectangle[1:]),
            },
        }
        for image in images
        for number, rectangle in enumerate(rectangles(image["file_name"][:-4]))
    ]
    return {"images": [*images, test], "annos_segmentation": annotations, "annos_boundary": []}


def encoded():
    return json.dumps(content()).encode()
