import json
import re
from html.parser import HTMLParser

import numpy as np
import torch
from toy import CLASSES, Pooled

from segadapt.classifiers.cac import CACClassifier
from segadapt.classifiers.fixed import FixedClassifier
from segadapt.evaluation.detailed_evaluator import DetailedEvaluator
from segadapt.evaluation.inference.methods import whole
from segadapt.evaluation.report.gallery import Exhibit
from segadapt.evaluation.report.html_page import page
from segadapt.evaluation.report.json_report import (
    confusion_as_json,
    confusion_of,
    findings_as_json,
)
from segadapt.segmentor import Segmentor
from segadapt.structures import Batch

NAMES = ("sky", "road & <rail>", "tree", "car")
PROTOCOL = {
    "data": {"name": "toy", "split": "val", "images": 2},
    "inference": {"_target_": "segadapt.evaluation.inference.methods.whole"},
    "run": {
        "folder": "/runs/one",
        "network": {"model": ["EncoderDecoder", "TinyEncoder"], "classifier": ["CACClassifier"]},
        "overrides": ["classifier=cac", "seed=3"],
    },
    "checkpoint": {"file": "last.ckpt", "step": 7},
    "absent_class": "left out",
}


def report(classifier, number=CLASSES):
    examiner = DetailedEvaluator(number, whole)
    model = Segmentor(Pooled(), classifier, number).eval()
    for _ in range(2):
        mask = torch.randint(number - 1, (1, 16, 24))  # the last class is never labelled
        examiner.update(model, Batch(torch.randn(1, 3, 16, 24), mask, ["a"]))
    names = NAMES if number == CLASSES else [f"class {k}" for k in range(number)]
    return {**findings_as_json(examiner.findings(), names), "protocol": PROTOCOL}


class Balanced(HTMLParser):
    """Checks that every element is closed, and remembers cells and images."""

    def __init__(self):
        super().__init__()
        self.open, self.text, self.sources = [], [], []

    def handle_starttag(self, tag, attrs):
        if tag == "img":
            self.sources.append(dict(attrs)["src"])
        elif tag not in ("meta", "input"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


def parsed(found):
    parser = Balanced()
    parser.feed(found)
    assert not parser.open
    return parser


def test_the_page_is_whole_and_needs_nothing_else():
    picture = np.zeros((8, 8, 3), dtype=np.uint8)
    found = page(report(CACClassifier), [Exhibit("<worst>", 0.1, picture)], [])
    parser = parsed(found)
    assert len(parser.sources) == 5  # bars, trimap, reliability, confusions, the worst image
    assert all(source.startswith("data:image/png;base64,") for source in parser.sources)
    assert not re.search(r"(src|href)=\"(?!data:)", found)
    assert "<script" not in found
    assert "<worst>: mIoU 10.00" in parser.text


def test_the_page_has_the_numbers_of_the_report():
    content = report(CACClassifier)
    text = parsed(page(content, [], [])).text
    for found in content["results"].values():
        assert f"{100 * found['miou']:.2f}" in text
    for entry in content["adaptation"]["classes"]:
        assert f"{entry['fixed']:,}" in text
    assert "road & <rail>" in text
    assert "Worst images" not in text


def test_the_page_says_which_network_it_is_about():
    text = " ".join(parsed(page(report(CACClassifier), [], [])).text)
    assert "CACClassifier in EncoderDecoder TinyEncoder, run /runs/one (classifier=cac" in text


def test_the_protocol_is_laid_out_in_lines():
    text = parsed(page(report(FixedClassifier), [], [])).text
    protocol = next(part for part in text if part.strip().startswith("{"))
    assert json.loads(protocol) == PROTOCOL
    assert len(protocol.strip().splitlines()) > 20


def test_sums_and_shares_are_told_from_means():
    content = report(CACClassifier)
    text = parsed(page(content, [], [])).text
    confusion = np.array(content["results"]["student"]["confusion"])
    shares = [f"{100 * share:.2f}" for share in confusion.sum(1) / confusion.sum()]
    places = [text.index(name) for name in NAMES]
    assert [text[place + 1] for place in places] == shares
    last = text.index("mean; pixels: sum")
    assert text[last + 1] == "100.00"
    assert f"{content['adaptation']['fixed']:,}" in text[last:]


def test_mean_iou_near_borders_is_there_as_numbers():
    content = report(CACClassifier)
    text = parsed(page(content, [], [])).text
    first = text.index("mIoU within")
    assert text[first + 1 : first + 7] == ["1 px", "2 px", "4 px", "8 px", "16 px", "32 px"]
    student = content["results"]["student"]["trimap"]
    row = text.index("student", first)
    assert text[row + 1 : row + 7] == [f"{100 * one['miou']:.2f}" for one in student]


def test_a_classifier_that_does_not_adapt_has_a_page_too():
    text = parsed(page(report(FixedClassifier), [], [])).text
    assert "pixels fixed" not in text


def test_of_many_classes_the_pixels_that_there_are_become_json():
    confusion = torch.zeros(300, 300, dtype=torch.int64)
    confusion[3, 4], confusion[299, 0], confusion[5, 5] = 7, 2**40, 1
    kept = json.loads(json.dumps(confusion_as_json(confusion)))
    assert kept["pixels"] == [7, 1, 2**40]
    assert np.array_equal(confusion_of(kept), confusion.numpy())
    few = confusion[:4, :4]
    assert confusion_as_json(few) == few.tolist()
    assert np.array_equal(confusion_of(few.tolist()), few.numpy())


def test_a_page_of_hundreds_of_classes_can_be_searched():
    found = page(report(FixedClassifier, 300), [], [])
    assert parsed(found).sources
    assert 'type="search"' in found
    assert found.count("<td>class 299</td>") == 1
    assert not re.search(r"(src|href)=\"(?!data:)", found)
