"""Names and shapes of checkpoints that only their authors publish.

Stated from their networks' structure (this project's specification, 2.3 and 3), under the names of
SeaFormer's, AFFormer's, ViT-Adapter's and CGRSeg's repositories.
"""

Shapes = dict[str, tuple[int, ...]]


def norm(name: str, width: int) -> Shapes:
    vectors = ("weight", "bias", "running_mean", "running_var")
    return {f"{name}.{part}": (width,) for part in vectors} | {f"{name}.num_batches_tracked": ()}


def affine(name: str, width: int) -> Shapes:
    return {f"{name}.weight": (width,), f"{name}.bias": (width,)}


def linear(name: str, into: int, out: int) -> Shapes:
    return {f"{name}.weight": (out, into), f"{name}.bias": (out,)}


def conv(name: str, into: int, out: int, *side: int, bias: bool = True) -> Shapes:
    weight = {f"{name}.weight": (out, into, *(side if len(side) == 2 else side * 2))}
    return weight | ({f"{name}.bias": (out,)} if bias else {})


def layer(name: str, into: int, out: int, side: int = 1, names=("conv", "bn")) -> Shapes:
    """Convolution without bias, then batch norm."""
    return conv(f"{name}.{names[0]}", into, out, side, bias=False) | norm(f"{name}.{names[1]}", out)


def merged(parts) -> Shapes:
    found: Shapes = {}
    for part in parts:
        assert not found.keys() & part.keys()
        found |= part
    return found


SEAFORMER = {
    "seaformer_base": (
        16,
        "3,1,16 3,4,32 3,3,32|5,3,64 5,3,64|3,3,128 3,3,128|5,4,192|3,6,256",
        ((4, 192, 16, 2), (4, 256, 24, 4)),
        ((64, 192, 128), (128, 256, 160)),
    ),
    "seaformer_large": (
        32,
        "3,3,32 3,4,64 3,4,64|5,4,128 5,4,128|3,4,192 3,4,192|5,4,256|3,6,320",
        ((3, 192, 16, 2), (3, 256, 20, 4), (3, 320, 24, 6)),
        ((128, 192, 128), (128, 256, 160), (160, 320, 192)),
    ),
}
"""Stem; groups of kernel, expansion, width; depth, width, key, ratio; fusions of the head."""


def seaformer(model: str) -> Shapes:
    stem, groups, stages, fusions = SEAFORMER[model]
    names, backbone = ("c", "bn"), "backbone.smb"
    parts, width = [layer(f"{backbone}1.stem_block.0", 3, stem, 3, names)], stem
    for i, group in enumerate(groups.split("|")):
        for j, block in enumerate(group.split()):
            kernel, expansion, out = map(int, block.split(","))
            inside, at = width * expansion, 0
            name = f"{backbone}{i + 1}.layer{j + 1}.conv"
            if expansion > 1:
                parts.append(layer(f"{name}.0", width, inside, 1, names))
                at = 2
            parts.append(layer(f"{name}.{at}", 1, inside, kernel, names))
            parts.append(layer(f"{name}.{at + 2}", inside, out, 1, names))
            width = out
    for i, (depth, width, key, ratio) in enumerate(stages):
        for j in range(depth):
            name = f"backbone.trans{i + 1}.transformer_blocks.{j}"
            parts.append(squeeze_axial(f"{name}.attn", width, 8 * key))
            parts.append(layer(f"{name}.mlp.fc1", width, ratio * width, 1, names))
            parts.append(conv(f"{name}.mlp.dwconv", 1, ratio * width, 3))
            parts.append(layer(f"{name}.mlp.fc2", ratio * width, width, 1, names))
    for i, (fine, coarse, out) in enumerate(fusions):
        parts.append(layer(f"decode_head.fuse{i + 1}.local_embedding", fine, out))
        parts.append(layer(f"decode_head.fuse{i + 1}.global_act", coarse, out))
    parts.append(layer("decode_head.linear_fuse", 1, out))
    return merged([*parts, conv("decode_head.conv_seg", out, 150, 1)])


def squeeze_axial(name: str, width: int, keys: int) -> Shapes:
    names, values = ("c", "bn"), 2 * keys
    sizes = {"to_q": (width, keys), "to_k": (width, keys), "to_v": (width, values)}
    sizes |= {"proj.1": (values, width), "pwconv": (2 * values, width)}
    sizes |= {f"proj_encode_{axis}.1": (values, values) for axis in ("row", "column")}
    tables = [f"{name}.pos_emb_{axis}{x}.pos_embed" for axis in ("row", "column") for x in "qk"]
    detail = layer(f"{name}.dwconv", 1, 2 * values, 3, names)
    layers = [layer(f"{name}.{part}", *size, 1, names) for part, size in sizes.items()]
    return merged([dict.fromkeys(tables, (1, keys, 16)), detail, *layers])


AFFORMER = {
    "afformer_tiny": ((32, 64, 160, 216), (0, 2, 4, 2)),
    "afformer_small": ((32, 64, 176, 216), (0, 2, 4, 2)),
    "afformer_base": ((32, 96, 176, 216), (0, 2, 6, 2)),
}


def afformer(model: str) -> Shapes:
    widths, depths = AFFORMER[model]
    parts = [layer("backbone.stem.0", 3, 16, 3), layer("backbone.stem.1", 16, 32, 3)]
    for i, (width, depth) in enumerate(zip(widths, depths, strict=True)):
        for j in range(2):
            name = f"backbone.patch_embed_stages.{i}.patch_embeds.{j}.patch_conv"
            parts.append(conv(f"{name}.dwconv", 1, width, 3, bias=False))
            parts.append(layer(name, width, width, 1, ("pwconv", "bn")))
        name = f"backbone.mhca_stages.{i}"
        parts.append(layer(f"{name}.Restore.conv1", width, width // 2))
        parts.append(layer(f"{name}.Restore", 1, width // 2, 3, ("dwconv", "norm")))
        parts.append(layer(f"{name}.Restore.conv2", width // 2, width))
        parts.append(layer(f"{name}.aggregate", width, widths[min(i + 1, 3)]))
        # What all blocks of a stage share is stored with each of them, and twice with the stage.
        shared = [f"{name}.mhca_blks.0"] if depth else []
        for j in range(depth):
            block = f"{name}.mhca_blks.0.MHCA_layers.{j}"
            shared.append(block)
            parts.append(filters(f"{block}.factoratt_crpe.crpe", width))
            parts.append(linear(f"{block}.factoratt_crpe.qkv", width, 3 * width))
            parts.append(linear(f"{block}.factoratt_crpe.proj", width, width))
            parts += [affine(f"{block}.norm{k}", width) for k in (1, 2)]
            parts.append(linear(f"{block}.mlp.fc1", width, 2 * width))
            parts.append(conv(f"{block}.mlp.dwconv.dwconv", 1, 2 * width, 3))
            parts.append(linear(f"{block}.mlp.fc2", 2 * width, width))
        for owner in shared:
            parts.append(conv(f"{owner}.cpe.proj", 1, width, 3))
            parts.append(filters(f"{owner}.crpe", width))
    for block in ("squeeze", "align"):
        name = f"decode_head.{block}"
        into = widths[-1] if block == "squeeze" else 256
        parts += [conv(f"{name}.conv", into, 256, 1, bias=False), affine(f"{name}.gn", 256)]
    return merged([*parts, conv("decode_head.conv_seg", 256, 150, 1)])


def filters(name: str, width: int) -> Shapes:
    sizes = ((3, 2), (5, 3), (7, 3))  # kernel, heads of 8
    return merged(
        conv(f"{name}.conv_list.{i}", 1, width // 8 * heads, side)
        for i, (side, heads) in enumerate(sizes)
    )


ADAPTER = {  # width, blocks, heads of the deformable attention, value ratio, cells of the table
    "upernet_vit_adapter_small": (384, 12, 6, 1.0, 14**2),
    "upernet_vit_adapter_base": (768, 12, 12, 0.5, 24**2),
    "upernet_vit_adapter_large": (1024, 24, 16, 0.5, 24**2),
}


def vit_adapter(model: str) -> Shapes:
    width, depth, heads, ratio, cells = ADAPTER[model]
    base = {"pos_embed": (1, cells + 1, width), "level_embed": (3, width)}
    parts = [base, conv("patch_embed.proj", 3, width, 16)]
    for i in range(depth):
        name = f"blocks.{i}"
        parts += [{f"{name}.gamma{k}": (width,)} for k in (1, 2)]
        parts += [affine(f"{name}.norm{k}", width) for k in (1, 2)]
        parts.append(linear(f"{name}.attn.qkv", width, 3 * width))
        parts.append(linear(f"{name}.attn.proj", width, width))
        parts.append(linear(f"{name}.mlp.fc1", width, 4 * width))
        parts.append(linear(f"{name}.mlp.fc2", 4 * width, width))
    stem = [("stem", at, (3 if at == 0 else 64), 64) for at in (0, 3, 6)]
    down = [("conv2", 0, 64, 128), ("conv3", 0, 128, 256), ("conv4", 0, 256, 256)]
    for name, at, into, out in [*stem, *down]:
        parts.append(layer(f"spm.{name}", into, out, 3, (str(at), str(at + 1))))
    for i, into in enumerate((64, 128, 256, 256)):
        parts.append(conv(f"spm.fc{i + 1}", into, width, 1))
        parts.append(norm(f"norm{i + 1}", width))
        name = f"interactions.{i}"
        parts.append({f"{name}.injector.gamma": (width,)})
        parts.append(deformable(f"{name}.injector", width, heads, ratio, 3))
        extra = [f"{name}.extra_extractors.{j}" for j in range(2)] if i == 3 else []
        for extractor in (f"{name}.extractor", *extra):
            parts.append(deformable(extractor, width, heads, ratio, 1))
            parts.append(affine(f"{extractor}.ffn_norm", width))
            parts.append(linear(f"{extractor}.ffn.fc1", width, width // 4))
            parts.append(conv(f"{extractor}.ffn.dwconv.dwconv", 1, width // 4, 3))
            parts.append(linear(f"{extractor}.ffn.fc2", width // 4, width))
    parts.append({"up.weight": (width, width, 2, 2), "up.bias": (width,)})
    encoder = {f"backbone.{name}": shape for name, shape in merged(parts).items()}
    return encoder | upernet((width,) * 4) | auxiliary(width)


def deformable(name: str, width: int, heads: int, ratio: float, levels: int) -> Shapes:
    places, inside = 4 * heads * levels, int(ratio * width)
    return merged(
        [
            affine(f"{name}.query_norm", width),
            affine(f"{name}.feat_norm", width),
            linear(f"{name}.attn.sampling_offsets", width, 2 * places),
            linear(f"{name}.attn.attention_weights", width, places),
            linear(f"{name}.attn.value_proj", width, inside),
            linear(f"{name}.attn.output_proj", inside, width),
        ]
    )


def upernet(widths: tuple[int, ...]) -> Shapes:
    last = widths[-1]
    parts = [layer(f"psp_modules.{i}.1", last, 512) for i in range(4)]
    parts.append(layer("bottleneck", last + 4 * 512, 512, 3))
    parts += [layer(f"lateral_convs.{i}", width, 512) for i, width in enumerate(widths[:-1])]
    parts += [layer(f"fpn_convs.{i}", 512, 512, 3) for i in range(3)]
    parts += [layer("fpn_bottleneck", 4 * 512, 512, 3), conv("conv_seg", 512, 150, 1)]
    return {f"decode_head.{name}": shape for name, shape in merged(parts).items()}


def auxiliary(width: int) -> Shapes:
    parts = [layer("auxiliary_head.convs.0", width, 256, 3)]
    return merged([*parts, conv("auxiliary_head.conv_seg", 256, 150, 1)])


CGRSEG = {
    "cgrseg_base": ((32, 64, 144, 288), "4444 4444 443333334444 44333344", 4, 11, 6),
    "cgrseg_large": (
        (40, 80, 192, 384), "44444 44444 444433333334444 4443333444", 6, 9, 5
    ),
}  # fmt: skip
"""Widths, hidden over outer width of every block, blocks with attention, strip, blocks."""


def cgrseg(model: str) -> Shapes:
    widths, ratios, attentive, strip, blocks = CGRSEG[model]
    first = widths[0]
    stem = "backbone.patch_embed"
    parts = [pair(stem, 3, first // 2, 3), pair(stem, first // 2, first, 3, 3)]
    for i, (width, stage) in enumerate(zip(widths, ratios.split(), strict=True)):
        for j, ratio in enumerate(stage):
            name, inside = f"backbone.network.{2 * i}.{j}", int(ratio) * width
            parts.append(conv(f"{name}.mlp.fc1", width, inside, 1))
            parts.append(conv(f"{name}.mlp.mid", 1, inside, 3))
            parts.append(conv(f"{name}.mlp.fc2", inside, width, 1))
            parts += [norm(f"{name}.mlp.{part}", inside) for part in ("norm1", "mid_norm")]
            parts += [norm(f"{name}.mlp.norm2", width), {f"{name}.layer_scale_2": (width, 1, 1)}]
            if i >= 2 and j >= len(stage) - attentive:
                parts.append({f"{name}.layer_scale_1": (width, 1, 1)})
                parts.append(mixer(f"{name}.token_mixer", width, i == 2))
        if i < 3:
            parts.append(between(f"backbone.network.{2 * i + 1}", width, widths[i + 1], i == 2))
    return merged(parts) | rectangular(widths[1:], strip, blocks)


def biases(name: str, keys: int, queries: int, old: tuple[int, int]) -> Shapes:
    """Scores of distances in the grid that segmentation trains on, and in the one before it."""
    return {
        f"{name}.attention_biases": (8, old[1]),
        f"{name}.attention_bias_idxs": old,
        f"{name}.attention_biases_seg": (8, keys),
        f"{name}.attention_bias_idxs_seg": (queries, keys),
    }


def pair(name: str, into: int, out: int, side: int = 1, at: int = 0) -> Shapes:
    """Convolution with bias, then batch norm, by number."""
    return conv(f"{name}.{at}", into, out, side) | norm(f"{name}.{at + 1}", out)


def mixer(name: str, width: int, strided: bool) -> Shapes:
    parts = [biases(name, 256, 256, (49, 49))]
    parts += [pair(f"{name}.stride_conv", 1, width, 3)] if strided else []
    parts += [pair(f"{name}.{part}", width, 256) for part in "qk"]
    parts += [pair(f"{name}.v", width, 1024), pair(f"{name}.v_local", 1, 1024, 3)]
    parts += [conv(f"{name}.talking_head{k}", 8, 8, 1) for k in (1, 2)]
    return merged([*parts, pair(f"{name}.proj", 1024, width, 1, 1)])


def between(name: str, width: int, after: int, attentive: bool) -> Shapes:
    if not attentive:
        return conv(f"{name}.proj", width, after, 3) | norm(f"{name}.norm", after)
    parts = [conv(f"{name}.conv", width, after, 3), norm(f"{name}.bn", after)]
    name = f"{name}.attn"
    parts += [biases(name, 1024, 256, (49, 196)), conv(f"{name}.q.local.0", 1, width, 3)]
    parts += [pair(f"{name}.q.proj", width, 128), pair(f"{name}.k", width, 128)]
    parts += [pair(f"{name}.v", width, 512), pair(f"{name}.v_local", 1, 512, 3)]
    return merged([*parts, pair(f"{name}.proj", 512, after, 1, 1)])


def rectangular(widths: tuple[int, ...], strip: int, blocks: int) -> Shapes:
    names = [(f"trans.transformer_blocks.{i}", sum(widths)) for i in range(blocks)]
    parts = []
    for name, width in [*names, *((f"meta.{i}", width) for i, width in enumerate(widths))]:
        parts += [{f"{name}.gamma": (width,)}, conv(f"{name}.token_mixer.dwconv_hw", 1, width, 3)]
        parts.append(conv(f"{name}.token_mixer.excite.0", 1, width, 1, strip))
        parts.append(norm(f"{name}.token_mixer.excite.1", width))
        parts.append(conv(f"{name}.token_mixer.excite.3", 1, width, strip, 1))
        parts.append(norm(f"{name}.norm", width))
        parts.append(conv(f"{name}.mlp.fc1", width, 2 * width, 1))
        parts.append(conv(f"{name}.mlp.fc2", 2 * width, width, 1))
    for i, width in enumerate(widths):
        parts += [layer(f"SIM.{i}.fuse{k}", width, 256) for k in (1, 2)]
        parts += [conv(f"conv.{i}", 256, width, 1)] if i < 2 else []
    parts += [layer("linear_fuse", 1, 256), conv("conv_seg", 256, 150, 1)]
    return {f"decode_head.{name}": shape for name, shape in merged(parts).items()}


RELEASED = {
    **dict.fromkeys(SEAFORMER, seaformer),
    **dict.fromkeys(AFFORMER, afformer),
    **dict.fromkeys(ADAPTER, vit_adapter),
    **dict.fromkeys(CGRSEG, cgrseg),
}
"""What states the checkpoint of a model."""
