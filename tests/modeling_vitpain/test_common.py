"""What transformers expects of a vision model (`ModelTesterMixin` and `ConfigTester`), for every shape of ViTPain."""

import copy
import inspect
import json
import pickle
import sysconfig
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from small_vitpain import BACKBONES, EVERY_SHAPE, VARIANTS, inputs_for, small_config, small_model, trained
from transformers import AutoConfig, AutoModel, PreTrainedModel

from modeling_vitpain import ViTPainConfig, ViTPainForPainAssessment

OUTPUTS = ("logits", "pspi", "au", "cls", "au_attention", "binary_logits")
every_shape = pytest.mark.parametrize(("backbone", "variant"), EVERY_SHAPE)
every_variant = pytest.mark.parametrize("variant", VARIANTS)
every_backbone = pytest.mark.parametrize("backbone", BACKBONES)


def run(model: PreTrainedModel, inputs: dict, **kwargs) -> dict[str, torch.Tensor]:
    """What the model returns, attention included, without what is None."""
    with torch.no_grad():
        output = model(**inputs, output_attentions=True, **kwargs)
    return {name: output[name] for name in OUTPUTS if name in output}


def assert_same(one: dict, other: dict, **tolerance) -> None:
    assert one.keys() == other.keys()
    for name in one:
        torch.testing.assert_close(one[name], other[name], **({"rtol": 0, "atol": 0} | tolerance), msg=name)


def without_dropout(model: PreTrainedModel) -> PreTrainedModel:
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    return model


def gradients(model: PreTrainedModel) -> dict[str, torch.Tensor]:
    model.zero_grad()
    torch.manual_seed(2)  # DINOv3 moves its positions at random while it trains
    model(**inputs_for(model)).loss.backward()
    return {name: parameter.grad.clone() for name, parameter in model.named_parameters() if parameter.requires_grad}


# Saving and loading


@every_shape
def test_save_and_load_twice_is_bit_equal(backbone, variant, tmp_path):
    model = trained(small_model(backbone, variant))
    model.save_pretrained(tmp_path / "one")
    loaded, report = ViTPainForPainAssessment.from_pretrained(tmp_path / "one", output_loading_info=True)
    assert not any(report[key] for key in ("missing_keys", "unexpected_keys", "mismatched_keys", "error_msgs"))
    loaded.save_pretrained(tmp_path / "two")
    again = ViTPainForPainAssessment.from_pretrained(tmp_path / "two")
    states = [m.state_dict() for m in (model, loaded, again)]
    for state in states[1:]:
        assert list(state) == list(states[0])
        assert all(torch.equal(state[name], states[0][name]) for name in state)
    assert_same(run(again, inputs_for(model)), run(model, inputs_for(model)))


def test_a_loaded_model_is_in_eval_mode_and_trainable(tmp_path):
    model = small_model("dinov3", "release")
    model.save_pretrained(tmp_path)
    loaded = ViTPainForPainAssessment.from_pretrained(tmp_path)
    assert not loaded.training
    frozen = [{n for n, p in m.named_parameters() if not p.requires_grad} for m in (model, loaded)]
    assert frozen[0] == frozen[1] == {f"{name}.embeddings.mask_token" for name in ("backbone", "reference_backbone")}


def test_only_safetensors_are_written_without_shared_tensors(tmp_path):
    model = small_model("vit", "release")
    model.save_pretrained(tmp_path)
    assert not {path.suffix for path in tmp_path.iterdir()} & {".bin", ".pt", ".pkl"}
    names = load_file(tmp_path / "model.safetensors").keys()
    assert names == model.state_dict().keys()
    pointers = [tensor.data_ptr() for tensor in model.state_dict().values()]
    assert len(pointers) == len(set(pointers))
    assert not model.all_tied_weights_keys


def test_pickled_weights_are_refused(tmp_path):
    model = small_model()
    model.save_pretrained(tmp_path)
    (tmp_path / "model.safetensors").unlink()
    torch.save(model.state_dict(), tmp_path / "pytorch_model.bin")
    with pytest.raises(OSError, match=r"model\.safetensors"):
        ViTPainForPainAssessment.from_pretrained(tmp_path, use_safetensors=True)


def test_sharded_weights_load_bit_equal(tmp_path):
    model = trained(small_model("dinov2", "neutral_own"))
    model.save_pretrained(tmp_path, max_shard_size="50KB")
    assert len(list(tmp_path.glob("model-*.safetensors"))) > 1
    assert_same(
        run(ViTPainForPainAssessment.from_pretrained(tmp_path), inputs_for(model)), run(model, inputs_for(model))
    )


@every_backbone
def test_missing_tensors_are_named_and_begin_as_new(backbone, tmp_path):
    """A regression with references that starts from a classifier: backbone and AU head stay, the rest is new."""
    old = trained(small_model(backbone))
    old.save_pretrained(tmp_path)
    torch.manual_seed(3)
    model, report = ViTPainForPainAssessment.from_pretrained(
        tmp_path,
        config=small_config(backbone, "neutral_regression"),
        output_loading_info=True,
        ignore_mismatched_sizes=True,
    )
    new = {name for name in model.state_dict() if name.startswith(("binary_heads.", "reference_"))}
    assert new <= set(report["missing_keys"])
    assert {name.split(".")[0] for name in report["missing_keys"]} <= {name.split(".")[0] for name in new} | {
        "pspi_head"
    }
    for name, tensor in model.state_dict().items():
        assert tensor.isfinite().all()
        if name.startswith(("backbone.", "au_head.")):
            assert torch.equal(tensor, old.state_dict()[name])
    assert_well_initialised(model, only=new)


def test_unexpected_tensors_are_named(tmp_path):
    small_model().save_pretrained(tmp_path)
    tensors = load_file(tmp_path / "model.safetensors")
    save_file({**tensors, "extra.weight": torch.zeros(1)}, tmp_path / "model.safetensors", metadata={"format": "pt"})
    report = ViTPainForPainAssessment.from_pretrained(tmp_path, output_loading_info=True)[1]
    assert set(report["unexpected_keys"]) == {"extra.weight"}


def test_another_shape_is_refused_unless_allowed(tmp_path):
    small_model().save_pretrained(tmp_path)
    config = small_config(pspi_hidden_sizes=[12, 6])
    with pytest.raises(RuntimeError, match="mismatch"):
        ViTPainForPainAssessment.from_pretrained(tmp_path, config=config)
    model = ViTPainForPainAssessment.from_pretrained(tmp_path, config=config, ignore_mismatched_sizes=True)
    assert model(**inputs_for(model)).loss.isfinite()


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_dtype_is_kept_on_disk_and_can_be_chosen(dtype, tmp_path):
    small_model("vit", "release").to(dtype).save_pretrained(tmp_path)
    assert {tensor.dtype for tensor in load_file(tmp_path / "model.safetensors").values()} == {dtype}
    for chosen in (dtype, torch.float32):
        model = ViTPainForPainAssessment.from_pretrained(tmp_path, dtype=chosen)
        assert {parameter.dtype for parameter in model.parameters()} == {chosen}


@every_backbone
@pytest.mark.parametrize("device_map", ["cpu", "auto", {"": "cpu"}])
def test_device_map_and_low_memory_loading(backbone, device_map, tmp_path):
    model = trained(small_model(backbone, "release"))
    model.save_pretrained(tmp_path)
    loaded = ViTPainForPainAssessment.from_pretrained(tmp_path, device_map=device_map, low_cpu_mem_usage=True)
    assert {parameter.device.type for parameter in loaded.parameters()} == {"cpu"}
    assert_same(run(loaded, inputs_for(model)), run(model, inputs_for(model)))


@every_backbone
@pytest.mark.parametrize("variant", ["paper", "release"])
def test_layers_offloaded_to_disk_give_the_same(backbone, variant, tmp_path):
    """Every layer, head and loose parameter may live elsewhere: what device_map="auto" does when memory is short."""
    from accelerate import cpu_offload, disk_offload

    model = trained(small_model(backbone, variant))
    want = run(model, inputs_for(model))
    assert_same(run(cpu_offload(copy.deepcopy(model), execution_device="cpu"), inputs_for(model)), want)
    elsewhere = disk_offload(copy.deepcopy(model), tmp_path, execution_device="cpu")
    assert any(parameter.device.type == "meta" for parameter in elsewhere.parameters())
    assert_same(run(elsewhere, inputs_for(model)), want)


@every_shape
def test_modules_with_parameters_of_their_own_are_never_split(backbone, variant):
    """Accelerate moves a module's direct parameters with it only if it is kept whole (or is the model itself)."""
    model = small_model(backbone, variant)
    direct = {
        type(module).__name__
        for module in model.modules()
        if module is not model and module._parameters and any(True for _ in module.children())
    }
    inside = {
        type(m).__name__
        for whole in model.modules()
        if type(whole).__name__ in model._no_split_modules
        for m in whole.modules()
    }
    assert direct <= inside


# Configuration


@every_shape
def test_config_survives_json_pickle_copy_and_disk(backbone, variant, tmp_path):
    config = small_config(backbone, variant, interval_temperature=1.25, lambda_binary=0.3)
    config.save_pretrained(tmp_path)
    config.to_json_file(tmp_path / "own.json")
    for other in (
        ViTPainConfig.from_pretrained(tmp_path),
        AutoConfig.from_pretrained(tmp_path),
        ViTPainConfig.from_json_file(tmp_path / "own.json"),
        ViTPainConfig(**json.loads(config.to_json_string(use_diff=False))),
        copy.deepcopy(config),
        pickle.loads(pickle.dumps(config)),
    ):
        assert type(other) is ViTPainConfig
        assert type(other.backbone_config) is type(config.backbone_config)
        assert {**other.to_dict(), "_name_or_path": ""} == config.to_dict()


def test_config_without_arguments_and_with_the_common_ones():
    assert ViTPainConfig().to_dict() == ViTPainConfig.large().to_dict()
    config = ViTPainConfig(output_attentions=True, return_dict=False, problem_type=None, name_or_path="somewhere")
    assert (config.output_attentions, config.return_dict, config.name_or_path) == (True, False, "somewhere")
    assert (config.num_labels, len(config.id2label)) == (17, 17)


def test_a_configuration_of_before_the_variants_still_loads(tmp_path):
    """What 0.1.0 wrote: no field of the reference, regression or release variants."""
    config = small_config().to_dict()
    first = {
        *(
            "model_type",
            "backbone_config",
            "num_pspi_classes",
            "au_names",
            "au_max",
            "au_head",
            "pspi_head",
            "reference",
        ),
        *("pspi_hidden_sizes", "au_hidden_size", "head_dropout", "lambda_pspi", "lambda_au"),
    }
    (tmp_path / "config.json").write_text(json.dumps({name: config[name] for name in first}))
    assert {**ViTPainConfig.from_pretrained(tmp_path).to_dict(), "_name_or_path": ""} == config


# The forward pass


def test_signature():
    assert list(inspect.signature(ViTPainForPainAssessment.forward).parameters)[1:5] == [
        "pixel_values",
        "reference_pixel_values",
        "reference_mask",
        "labels",
    ]
    assert ViTPainForPainAssessment.main_input_name == "pixel_values"


@every_shape
def test_two_runs_are_equal_and_inputs_stay_as_they_were(backbone, variant):
    model = small_model(backbone, variant)
    inputs = inputs_for(model)
    before = copy.deepcopy(inputs)
    assert_same(run(model, inputs), run(model, inputs))
    assert all(torch.equal(inputs[name], before[name]) for name in inputs)


@every_shape
def test_tuple_equals_dict(backbone, variant):
    model = small_model(backbone, variant)
    with torch.no_grad():
        named = model(**inputs_for(model), output_attentions=True)
        plain = model(**inputs_for(model), output_attentions=True, return_dict=False)
        model.config.return_dict = False
        by_config = model(**inputs_for(model), output_attentions=True)
    assert next(iter(named)) == "loss"
    for values in (plain, by_config):
        assert isinstance(values, tuple)
        assert len(values) == len(named)
        assert all(torch.equal(one, other) for one, other in zip(named.to_tuple(), values, strict=True))


@every_shape
def test_batch_equals_singles(backbone, variant):
    model = trained(small_model(backbone, variant))
    inputs = inputs_for(model, labels=False)
    together = run(model, inputs)
    for k in range(4):
        alone = run(model, {name: value[k : k + 1] for name, value in inputs.items()})
        assert_same(alone, {name: value[k : k + 1] for name, value in together.items()}, rtol=1e-5, atol=2e-5)


@every_backbone
def test_attentions_on_request_or_by_configuration(backbone):
    model = small_model(backbone)
    inputs = inputs_for(model)
    assert model(**inputs).au_attention is None
    assert model(**inputs, output_attentions=True).au_attention.shape == (4, 6, 16)
    model.set_attn_implementation("eager")  # transformers allows the next line with no other
    model.config.output_attentions = True
    assert model(**inputs).au_attention.shape == (4, 6, 16)
    assert model(**inputs, output_attentions=False).au_attention is None


@every_shape
def test_sdpa_equals_eager(backbone, variant):
    model = trained(small_model(backbone, variant))
    found = {}
    for implementation in ("eager", "sdpa"):
        model.set_attn_implementation(implementation)
        for encoder in filter(None, (model.backbone, model.reference_backbone)):
            assert encoder.config._attn_implementation == implementation
        found[implementation] = run(model, inputs_for(model))
    assert_same(found["eager"], found["sdpa"], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("implementation", ["eager", "sdpa"])
def test_attention_implementation_reaches_the_backbones_on_loading(implementation, tmp_path):
    small_model("vit", "neutral_own").save_pretrained(tmp_path)
    model = ViTPainForPainAssessment.from_pretrained(tmp_path, attn_implementation=implementation)
    for encoder in (model.backbone, model.reference_backbone):
        assert encoder.config._attn_implementation == implementation


@every_shape
def test_other_sizes_with_interpolated_positions(backbone, variant):
    model = small_model(backbone, variant)
    inputs = {
        name: torch.nn.functional.interpolate(value.flatten(0, -4), (48, 40)).unflatten(0, value.shape[:-3])
        if name.endswith("pixel_values")
        else value
        for name, value in inputs_for(model).items()
    }
    output = run(model, inputs, interpolate_pos_encoding=True)
    assert output["au"].isfinite().all()
    if model.config.au_head == "query":
        assert output["au_attention"].shape == (4, 6, 30)


@every_shape
def test_interpolation_at_the_configured_size_changes_nothing(backbone, variant):
    model = trained(small_model(backbone, variant))
    straight = run(model, inputs_for(model))
    assert_same(run(model, inputs_for(model), interpolate_pos_encoding=True), straight, rtol=1e-4, atol=1e-4)


@every_shape
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_on_a_cpu(backbone, variant, dtype):
    model = small_model(backbone, variant)
    exact = run(model, inputs_for(model))
    inputs = {name: v.to(dtype) if name.endswith("pixel_values") else v for name, v in inputs_for(model).items()}
    half = copy.deepcopy(model).to(dtype)
    found = run(half, inputs)
    assert found["pspi"].dtype == torch.float32
    assert found["au"].dtype == dtype
    for name in ("pspi", "au"):
        assert (found[name].float() - exact[name]).abs().max() < 0.2, name
    if dtype == torch.bfloat16:  # float16 cannot be trained in without scaling the loss
        half.train()(**inputs).loss.backward()
        assert all(p.grad.isfinite().all() for p in half.parameters() if p.grad is not None)


# Training


@every_shape
def test_mixed_precision_training(backbone, variant):
    """bfloat16 by autocast, as Trainer does it: weights and gradients stay float32, and the loss is about the same."""
    model = without_dropout(small_model(backbone, variant)).train()
    losses = {}
    for mixed in (False, True):
        model.zero_grad()
        torch.manual_seed(2)
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=mixed):
            losses[mixed] = model(**inputs_for(model)).loss
        losses[mixed].backward()
        assert all(
            p.grad.isfinite().all() and p.grad.dtype == torch.float32 for p in model.parameters() if p.requires_grad
        )
    assert losses[True].dtype == torch.float32
    torch.testing.assert_close(losses[True], losses[False], rtol=0.05, atol=0.05)


@every_shape
def test_every_trainable_parameter_gets_a_gradient(backbone, variant):
    model = small_model(backbone, variant).train()
    silent = [name for name, gradient in gradients(model).items() if not gradient.any()]
    assert silent == []


@every_shape
@pytest.mark.parametrize("reentrant", [False, True])
def test_gradient_checkpointing_gives_the_same_gradients(backbone, variant, reentrant):
    model = without_dropout(small_model(backbone, variant)).train()
    straight = gradients(model)
    model.activation_checkpointing_enable({"use_reentrant": reentrant})
    assert model.is_activation_checkpointing
    layers = [m for m in model.modules() if getattr(m, "gradient_checkpointing", False)]
    assert len(layers) >= 2 * (1 + (model.reference_backbone is not None))
    if reentrant:
        model.enable_input_require_grads()
    checkpointed = gradients(model)
    for name in straight:
        torch.testing.assert_close(checkpointed[name], straight[name], msg=name)
    model.activation_checkpointing_disable()
    assert not model.is_activation_checkpointing


@every_shape
def test_a_few_steps_lower_the_loss(backbone, variant):
    model = without_dropout(small_model(backbone, variant)).train()
    optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=3e-3)
    losses = []
    for _ in range(4):
        optimizer.zero_grad()
        losses.append(model(**inputs_for(model)).loss)
        losses[-1].backward()
        optimizer.step()
    assert losses[-1] < losses[0]


# Initialisation


def assert_well_initialised(model: ViTPainForPainAssessment, only: set[str] | None = None) -> None:
    """Finite; neither constant by accident nor of a scale that no initialisation here has; no bias beside 0 and 1."""
    for name, parameter in model.named_parameters():
        if only is not None and name not in only:
            continue
        assert parameter.isfinite().all(), name
        if parameter.ndim == 1:
            continue
        if "backbone.embeddings." not in name or "patch_embeddings" in name:  # tokens and positions may begin at zero
            assert 1e-3 < parameter.std() < 1.5, name
        assert parameter.mean().abs() < 0.6, name


@every_shape
def test_initialisation_is_sane_and_seeded(backbone, variant):
    model, again = small_model(backbone, variant), small_model(backbone, variant)
    assert_well_initialised(model)
    assert all(torch.equal(p, q) for p, q in zip(model.parameters(), again.parameters(), strict=True))
    torch.manual_seed(1)
    other = ViTPainForPainAssessment(small_config(backbone, variant))
    changed = {
        n for (n, p), q in zip(model.named_parameters(), other.parameters(), strict=True) if not torch.equal(p, q)
    }
    assert {"pspi_head." + n for n, p in model.pspi_head.named_parameters() if p.ndim == 2} <= changed


@every_shape
def test_init_weights_covers_every_parameter(backbone, variant):
    """From memory full of a telltale value, as uninitialised memory would be, nothing of it is left."""
    model = small_model(backbone, variant)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.fill_(77.0)
    for module in model.modules():
        if hasattr(module, "_is_hf_initialized"):
            module._is_hf_initialized = False
    model.init_weights()
    assert [name for name, parameter in model.named_parameters() if (parameter == 77.0).any()] == []


@every_variant
def test_regression_and_references_do_not_move_the_start_of_the_rest(variant):
    """The same seed gives the same backbone, whatever heads are put on it."""
    plain, other = small_model(), small_model("vit", variant)
    for name, parameter in plain.backbone.named_parameters():
        assert torch.equal(parameter, other.backbone.get_parameter(name))


# Graphs


@pytest.mark.parametrize(("backbone", "variant"), [("vit", "paper"), ("dinov3", "neutral_regression")])
def test_one_graph_holds_the_whole_forward(backbone, variant):
    """torch.compile without a graph break, loss included; "eager" runs the captured graph without compiling it."""
    model = small_model(backbone, variant)
    compiled = torch.compile(model, fullgraph=True, backend="eager")
    assert_same(run(compiled, inputs_for(model)), run(model, inputs_for(model)), rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(compiled(**inputs_for(model)).loss, model(**inputs_for(model)).loss)
    torch._dynamo.reset()


@pytest.mark.slow
def test_compiled_equals_plain():
    if not Path(sysconfig.get_paths()["include"], "Python.h").is_file():
        pytest.skip("torch.compile needs Python.h and a C++ compiler")
    try:
        torch._inductor.cpp_builder.get_cpp_compiler()
    except torch._inductor.exc.InvalidCxxCompiler as error:
        pytest.skip(f"torch.compile needs a C++ compiler: {error}")
    model = small_model("vit", "neutral_regression")
    compiled = torch.compile(model, fullgraph=True)
    assert_same(run(compiled, inputs_for(model)), run(model, inputs_for(model)), rtol=1e-4, atol=1e-4)
    torch._dynamo.reset()


@pytest.mark.parametrize(("backbone", "variant"), [("vit", "paper"), ("dinov3", "neutral_regression")])
def test_torch_export_with_any_number_of_frames_and_references(backbone, variant):
    model = trained(small_model(backbone, variant))
    inputs = inputs_for(model, labels=False)
    batch, count = torch.export.Dim("batch", max=64), torch.export.Dim("references", max=16)
    axes = {name: {0: batch} if name == "pixel_values" else {0: batch, 1: count} for name in inputs}
    program = torch.export.export(model, (), inputs, dynamic_shapes=axes, strict=False).module()
    fewer = {name: value[:3] if name == "pixel_values" else value[:3, :1] for name, value in inputs.items()}
    with torch.no_grad():
        found, want = program(**fewer), model(**fewer)
    torch.testing.assert_close(found.logits, want.logits, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(found.au, want.au, rtol=1e-4, atol=1e-5)


# The rest of what a transformers model is asked


@every_shape
def test_common_attributes(backbone, variant):
    model = small_model(backbone, variant)
    assert not model.can_generate()
    assert model.num_parameters() == sum(p.numel() for p in model.parameters())
    unread = sum(p.numel() for n, p in model.named_parameters() if n.endswith("mask_token"))
    assert model.num_parameters(only_trainable=True) == model.num_parameters() - unread
    assert model.base_model is model.backbone
    assert model.get_input_embeddings() is not None
    assert model.dtype == torch.float32
    assert model.device.type == "cpu"


@every_shape
def test_deep_copies_are_models_of_their_own(backbone, variant):
    model = small_model(backbone, variant)
    twin = copy.deepcopy(model)
    assert_same(run(twin, inputs_for(model)), run(model, inputs_for(model)))
    with torch.no_grad():
        twin.au_head.out.bias.add_(1.0)
    assert not torch.equal(run(twin, inputs_for(model))["au"], run(model, inputs_for(model))["au"])


@every_backbone
@pytest.mark.parametrize("variant", ["paper", "release"])
def test_new_heads_on_any_pretrained_backbone(backbone, variant, tmp_path):
    torch.manual_seed(7)
    bare = AutoModel.from_config(BACKBONES[backbone]()).eval()
    bare.save_pretrained(tmp_path)
    model = ViTPainForPainAssessment.from_backbone(str(tmp_path), **VARIANTS[variant]).eval()
    pixels = inputs_for(model)["pixel_values"]
    with torch.no_grad():
        want = bare(pixels).last_hidden_state
        for encoder in filter(None, (model.backbone, model.reference_backbone)):
            assert torch.equal(encoder(pixels).last_hidden_state, want)


@every_backbone
@pytest.mark.parametrize("variant", ["paper", "release"])
def test_lora_on_the_backbone_trains_and_merges(backbone, variant):
    peft = pytest.importorskip("peft")
    model = without_dropout(small_model(backbone, variant))
    heads = [n for n in dict(model.named_children()) if n not in ("backbone", "reference_backbone")]
    targets = [n for n, m in model.named_modules() if isinstance(m, torch.nn.Linear) and "backbone." in n]
    wrapped = peft.get_peft_model(model, peft.LoraConfig(r=4, target_modules=targets, modules_to_save=heads))
    wrapped.train()
    optimizer = torch.optim.AdamW([p for p in wrapped.parameters() if p.requires_grad], lr=1e-2)
    for _ in range(2):  # B begins at zero, so A gets its first gradient in the second step
        optimizer.zero_grad()
        wrapped(**inputs_for(model)).loss.backward()
        optimizer.step()
    trainable = {name: p for name, p in wrapped.named_parameters() if p.requires_grad}
    assert [name for name, p in trainable.items() if p.grad is None or not p.grad.any()] == []
    assert any("lora_A" in name for name in trainable)
    assert not any("base_layer" in name for name in trainable)
    wrapped.eval()
    before = run(wrapped, inputs_for(model))
    merged = wrapped.merge_and_unload()
    assert merged.state_dict().keys() == small_model(backbone, variant).state_dict().keys()
    assert_same(run(merged, inputs_for(model)), before, rtol=1e-3, atol=1e-3)


def test_the_benchmark_runs_small(capsys):
    """`python -m benchmarks.vitpain`, whose numbers are only worth something on an idle machine."""
    from benchmarks.vitpain import main

    main(["--config", "tiny", "--batch", "1", "--rounds", "2", "--no-memory"])
    result = json.loads(capsys.readouterr().out)
    assert set(result["forward"]) == {"backbone", "vitpain", "neutral"}
    assert set(result["train_step"]) == {"classifier", "vitpain"}
    assert result["forward"]["vitpain"]["ms"] > 0
    assert result["parameters_m"]["vitpain"] > result["parameters_m"]["backbone"]
