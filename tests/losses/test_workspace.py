import torch

from segadapt.losses.parts.workspace import Workspace


def test_a_name_has_the_same_memory_again_whatever_the_shape():
    rooms = Workspace(torch.float32, torch.device("cpu"))
    first = rooms.room("strip", 4, 6)
    for shape in ((4, 6), (3, 8), (2, 2), (4, 6)):
        room = rooms.room("strip", *shape)
        assert room.shape == shape
        assert room.is_contiguous()
        assert room.data_ptr() == first.data_ptr()
    assert rooms.room("slopes", 4, 6).data_ptr() != first.data_ptr()


def test_a_larger_shape_gets_larger_memory_which_smaller_ones_then_share():
    rooms = Workspace(torch.float32, torch.device("cpu"))
    small = rooms.room("strip", 2, 2)
    large = rooms.room("strip", 50, 50).fill_(7)
    assert large.numel() == 2500
    again = rooms.room("strip", 2, 2)
    assert again.data_ptr() == large.data_ptr() != small.data_ptr()
    assert (again == 7).all()


def test_what_inference_mode_asked_for_can_be_written_to_in_training():
    rooms = Workspace(torch.float32, torch.device("cpu"))
    with torch.inference_mode():
        assert not rooms.room("strip", 2, 3).is_inference()
    scores = torch.ones(2, 3, requires_grad=True)
    rooms.room("strip", 2, 3).copy_(scores.detach()).mul_(2)
    assert (rooms.room("strip", 2, 3) == 2).all()
