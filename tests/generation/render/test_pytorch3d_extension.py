"""What stands in for pytorch3d's compiled part, beside pytorch3d's own reference in pure Python."""

import pytest

from dataset_script.errors import WorkFailed

try:
    import torch

    from generation.render.pytorch3d import torch_extension
    from tests.support.pytorch3d_rasterisers import reference, stand_in
except WorkFailed as absent:
    pytest.skip(str(absent), allow_module_level=True)


@pytest.fixture
def soup():
    """Twenty faces at random, some of them turned away, in each other's way and partly outside the picture."""
    generator = torch.Generator().manual_seed(3)
    middle = 1.6 * torch.rand(20, 1, 3, generator=generator) - 0.8
    corners = middle + 1.2 * torch.rand(20, 3, 3, generator=generator) - 0.6
    corners[..., 2] = 700 + 80 * corners[..., 2]
    return corners


def test_the_stand_in_is_the_reference_rasteriser(soup):
    found, expected = stand_in(soup, 20), reference(soup, 20)
    assert (expected[0] >= 0).sum() > 60 and (expected[0] < 0).sum() > 60
    assert torch.equal(found[0], expected[0])
    for mine, theirs in zip(found[1:], expected[1:], strict=True):
        assert mine.shape == theirs.shape and torch.allclose(mine, theirs, rtol=1e-4, atol=1e-5)


def test_the_stand_ins_gradient_is_that_of_the_reference(soup):
    asked = soup.clone().requires_grad_()
    face, *expected = reference(asked, 12)
    given = [torch.rand(values.shape, generator=torch.Generator().manual_seed(4)) for values in expected]
    (theirs,) = torch.autograd.grad(expected, asked, given)
    mine = torch_extension.rasterize_meshes_backward(soup, face, *given, True, False)
    assert theirs.abs().max() > 1 and torch.allclose(mine, theirs, rtol=1e-3, atol=1e-3)


def test_the_stand_in_interpolates_as_pytorch3d_does(soup):
    from pytorch3d.ops.interp_face_attrs import interpolate_face_attributes_python

    face, _, weights, _ = stand_in(soup, 12)
    values = torch.rand(20, 3, 5, generator=torch.Generator().manual_seed(5))
    inputs = weights.clone().requires_grad_(), values.clone().requires_grad_()
    expected = interpolate_face_attributes_python(face, *inputs)
    flat = face.reshape(-1), weights.reshape(-1, 3), values
    assert torch.allclose(torch_extension.interp_face_attrs_forward(*flat), expected.reshape(-1, 5))
    given = torch.rand(expected.shape, generator=torch.Generator().manual_seed(6))
    theirs = torch.autograd.grad(expected, inputs, given)
    mine = torch_extension.interp_face_attrs_backward(*flat, given.reshape(-1, 5))
    assert torch.allclose(mine[0].reshape(theirs[0].shape), theirs[0]) and torch.allclose(mine[1], theirs[1], atol=1e-6)


def test_what_the_stand_in_cannot_do_is_refused(soup):
    count, neighbours = torch.tensor([20]), torch.full((20,), -1)
    with pytest.raises(NotImplementedError, match="20 x 30 pixels, blur 0, 2 faces a pixel; allowed without"):
        torch_extension.rasterize_meshes(
            soup, torch.tensor([0]), count, neighbours, (20, 30), 0.0, 2, 0, 0, True, False, True
        )
