"""Heat of a class against captum's and by hand, of any network, and leaving the network as it was."""

from __future__ import annotations

import copy
import warnings

import numpy as np
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from leukofeat.augmentation import Augmented
from leukofeat.deep import GradCAM, grad_cam
from leukofeat.deep.feature_map import last_map
from leukofeat.preprocessing import ScaleBarCropper
from leukofeat.segmentation import OtsuSegmenter
from tests.deep.looking import TinyClassifier, tiny_network

torch = pytest.importorskip("torch")
nn = torch.nn
torch.set_num_threads(1)


@pytest.fixture
def inputs():
    return torch.randn(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))


@pytest.fixture
def network():
    torch.manual_seed(0)
    return tiny_network().eval()


@pytest.fixture
def classifier():
    return TinyClassifier().fit(None)


def captum_cam(module, inputs, target, layer):
    captum = pytest.importorskip("captum.attr")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = captum.LayerGradCam(module, layer).attribute(inputs, target, relu_attributions=True)
    return found[:, 0].detach().double().numpy()


@pytest.mark.parametrize("layer", ["0", "1", "3", "4"])
@pytest.mark.parametrize("target", [0, 2])
def test_equals_captum(network, inputs, layer, target):
    """Layers whose output the next one changes in place among them."""
    expected = captum_cam(network, inputs, target, network.get_submodule(layer))
    assert expected.max() > 0
    np.testing.assert_allclose(grad_cam(network, inputs, target, layer), expected, rtol=0, atol=1e-5)


def test_equals_the_formula_where_the_gradient_is_known(network, inputs):
    with torch.no_grad():
        maps = network[:5](inputs)
    weights = network[7].weight[1] / maps[0, 0].numel()  # of a mean and a linear layer
    expected = (weights[:, None, None] * maps).sum(1).clamp_min(0).detach().numpy()
    np.testing.assert_allclose(grad_cam(network, inputs, 1), expected, atol=1e-6)


# the last maps in front of the pooling, which some have within `features` and some behind it
LAYERS = {
    "mobilenet_v2": ("features", 64),
    "resnet18": ("layer4", 64),
    "resnet50": ("layer4", 64),
    "vgg11_bn": ("features.27", 64),
    "alexnet": ("features.11", 96),
    "googlenet": ("inception5b", 64),
    "efficientnet_v2_s": ("features", 64),
    "densenet121": ("features", 64),
    "squeezenet1_1": ("classifier.2", 64),
}


@pytest.mark.parametrize("name", LAYERS)
def test_finds_the_last_maps_of_torchvisions_networks(torchvision_models, name):
    wanted, size = LAYERS[name]
    torch.manual_seed(0)
    extra = {"init_weights": False, "aux_logits": False} if name == "googlenet" else {}
    module = torchvision_models.get_model(name, weights=None, num_classes=4, **extra).eval()
    inputs = torch.randn(1, 3, size, size)
    found, layer = last_map(module, inputs)
    assert found == wanted or found.startswith(f"{wanted}.")
    expected = captum_cam(module, inputs, 1, layer)
    np.testing.assert_allclose(grad_cam(module, inputs, 1), expected, rtol=1e-5, atol=1e-5)


def test_the_layer_of_densenet_is_its_last_normalisation(torchvision_models):
    module = torchvision_models.densenet121(weights=None, num_classes=2).eval()
    inputs = torch.randn(1, 3, 64, 64)
    np.testing.assert_array_equal(grad_cam(module, inputs, 0), grad_cam(module, inputs, 0, "features.norm5"))


def test_transformers_have_to_be_told_a_layer(torchvision_models):
    module = torchvision_models.vit_b_16(weights=None, num_classes=2, image_size=32).eval()
    with pytest.raises(ValueError, match=r"layer="):
        grad_cam(module, torch.zeros(1, 3, 32, 32), 0)


@pytest.mark.parametrize("behind", [(), (nn.Dropout(),), (nn.Identity(),)])
def test_what_is_pooled_is_passed_over(behind):
    module = nn.Sequential(
        nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(inplace=True), nn.MaxPool2d(2), *behind),
        nn.Flatten(),
        nn.LazyLinear(2),
    )
    assert last_map(module, torch.zeros(1, 3, 8, 8))[0] == "0.1"


def test_a_frozen_network_has_the_same_heat(network, inputs):
    expected = grad_cam(network, inputs, 0)
    assert expected.max() > 0
    np.testing.assert_array_equal(grad_cam(network.requires_grad_(False), inputs, 0), expected)
    with torch.inference_mode():
        np.testing.assert_array_equal(grad_cam(network, inputs + 0.0, 0), expected)
    with torch.no_grad():
        np.testing.assert_array_equal(grad_cam(network, inputs, 0), expected)


def test_leaves_the_network_and_the_inputs_as_they_were(network, inputs):
    network.train()
    network[1].eval()
    before, values, modes = copy.deepcopy(network.state_dict()), inputs.clone(), [m.training for m in network.modules()]
    grad_cam(network, inputs, 0)
    with pytest.raises(ValueError, match="target"):
        grad_cam(network, inputs, 3)
    assert [m.training for m in network.modules()] == modes
    assert all(parameter.grad is None for parameter in network.parameters())
    assert not any(m._forward_hooks or m._forward_pre_hooks or m._backward_hooks for m in network.modules())
    assert all(torch.equal(value, before[key]) for key, value in network.state_dict().items())
    assert torch.equal(inputs, values)
    assert inputs.grad is None


def test_each_input_may_have_a_target_of_its_own(network, inputs):
    both = grad_cam(network, inputs, [0, 2])
    np.testing.assert_allclose(both[0], grad_cam(network, inputs[:1], 0)[0], atol=1e-7)
    np.testing.assert_allclose(both[1], grad_cam(network, inputs[1:], 2)[0], atol=1e-7)


def test_a_layer_may_be_given_as_a_module(network, inputs):
    np.testing.assert_array_equal(grad_cam(network, inputs, 0, network[0]), grad_cam(network, inputs, 0, "0"))


def test_says_what_is_wrong(network, inputs):
    for target in (3, -1, 0.5, [0], "Early", None, [0, 1, 2]):
        with pytest.raises(ValueError, match="target"):
            grad_cam(network, inputs, target)
    for layer in ("conv", nn.ReLU(), 3):
        with pytest.raises(ValueError, match="is no layer of Sequential; its last ones are 4, 5, 6, 7"):
            grad_cam(network, inputs, 0, layer)
    with pytest.raises(ValueError, match="gives no maps"):
        grad_cam(network, inputs, 0, "7")
    for wrong in (inputs[0], inputs[:0], None):
        with pytest.raises(ValueError, match="inputs must be"):
            grad_cam(network, wrong, 0)
    with pytest.raises(ValueError, match="no layer that gives maps"):
        grad_cam(nn.Sequential(nn.Flatten(), nn.LazyLinear(2)), inputs, 0)
    with pytest.raises(ValueError, match="must give logits"):
        grad_cam(network[:5], inputs, 0, "0")


def test_layers_off_the_way_are_told():
    class Aside(nn.Module):
        def __init__(self):
            super().__init__()
            self.main, self.aside, self.unused = nn.Conv2d(3, 2, 1), nn.Conv2d(3, 2, 1), nn.Conv2d(3, 2, 1)

        def forward(self, values):
            self.aside(values)
            return self.main(values).mean((2, 3))

    module, values = Aside(), torch.zeros(1, 3, 4, 4)
    with pytest.raises(ValueError, match="'unused' takes no part"):
        grad_cam(module, values, 0, "unused")
    for part in (module, module.requires_grad_(False)):
        with pytest.raises(ValueError, match="'aside' does not lead"):
            grad_cam(part, values, 0, "aside")


def test_explains_the_class_that_is_predicted(classifier, smears):
    seen = GradCAM(classifier).explain(smears.images)
    chances = classifier.predict_proba(smears.images)
    assert [one.target for one in seen] == classifier.classes_[chances.argmax(1)].tolist()
    np.testing.assert_allclose([one.probability for one in seen], chances.max(1))
    for i, one in enumerate(seen):
        assert (one.name, one.row) == (f"image {i}", i)
        assert one.heat.shape == smears.images[i].shape[:2]
        assert one.heat.dtype == one.maps.dtype == np.float64
        place = classifier.classes_.tolist().index(one.target)
        np.testing.assert_array_equal(one.maps, grad_cam(classifier.module(), classifier.to_input(one.smear), place)[0])


def test_heat_is_scaled_as_torch_does(classifier, smears):
    (seen,) = GradCAM(classifier).explain([smears.images[0][:70, :53]], "Pre")
    assert seen.target == "Pre"
    maps = torch.from_numpy(seen.maps)[None, None]
    expected = nn.functional.interpolate(maps, (70, 53), mode="bilinear", align_corners=False)[0, 0]
    np.testing.assert_allclose(seen.heat, expected, atol=1e-9)


def test_a_pipelines_image_steps_come_first(classifier, smears, paths):
    pipeline = make_pipeline(ScaleBarCropper(20), "passthrough", OtsuSegmenter(), classifier)
    (seen,) = GradCAM(pipeline).explain(paths[:1])
    (cut,) = GradCAM(classifier).explain([smears.images[0][:-20]])
    np.testing.assert_array_equal(seen.heat, cut.heat)
    assert seen.name == paths[0]
    assert seen.smear.is_segmented
    assert seen.heat.shape == seen.smear.image.shape[:2] == (76, 96)


def test_looks_into_what_is_wrapped(classifier, smears):
    expected = GradCAM(classifier).explain(smears.images[:1])[0]
    y = np.array(["Benign", "Early", "Benign", "Early"])
    pipeline = make_pipeline(ScaleBarCropper(0), TinyClassifier())
    search = GridSearchCV(pipeline, {"tinyclassifier__seed": [0]}, cv=2).fit(smears.images[:4], y)
    augmented = Augmented(pipeline, n_copies=1).fit(smears.images[:4], y)
    for wrapped in (search, augmented):
        np.testing.assert_array_equal(GradCAM(wrapped).explain(smears.images[:1])[0].maps, expected.maps)


def test_classes_may_be_numbers(smears):
    cam = GradCAM(TinyClassifier(classes=(3, 7)).fit(None), layer="0")
    (seen,) = cam.explain(smears.images[:1], target=7)
    assert seen.target == 7
    assert seen.maps.shape == (16, 16)


def test_the_model_has_to_be_a_fitted_network(classifier, smears):
    with pytest.raises(NotFittedError):
        GradCAM(TinyClassifier())
    for other in (DummyClassifier().fit([[0]], [0]), make_pipeline(OtsuSegmenter(), DummyClassifier()), None):
        with pytest.raises(TypeError, match="CNNClassifier"):
            GradCAM(other)
    with pytest.raises(ValueError, match="'Late' is no class of the model; there are Benign, Early, Pre"):
        GradCAM(classifier).explain(smears.images, "Late")
    assert GradCAM(classifier).explain([]) == []
    with pytest.raises(TypeError, match="single path"):
        GradCAM(classifier).explain("a.png")
