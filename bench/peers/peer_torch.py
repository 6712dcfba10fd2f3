"""PyTorch on the CPU, in inference mode.

Forms: fp32-eager (channels last for convolutional networks, which its convolutions prefer), fp32-compiled
(torch.compile with frozen weights: the Inductor), int8-dynamic (quantize_dynamic on linear layers), bf16-compiled.
"""

import os
import pathlib

import torch


def version():
    return "torch " + torch.__version__.split("+")[0]


def load(form, model, folder, batch, threads):
    import models
    torch.set_num_threads(threads)
    torch.set_num_interop_threads(1) if torch.get_num_interop_threads() != 1 else None
    net = models.load(model, folder)
    convolutional = model not in models.TRANSFORMERS
    layout = torch.channels_last if convolutional else torch.contiguous_format
    kind = torch.bfloat16 if form.startswith("bf16") else torch.float32
    if form == "int8-dynamic":
        from torch.ao.quantization import quantize_dynamic
        net = quantize_dynamic(net, {torch.nn.Linear}, dtype=torch.qint8)
    if kind == torch.bfloat16:
        net = net.to(torch.bfloat16)
    if convolutional:
        net = net.to(memory_format=torch.channels_last)
    if form.endswith("compiled"):
        import torch._inductor.config as inductor
        # Compiled code is kept beside the models, so that a second run does not compile again.
        os.environ["TORCHINDUCTOR_CACHE_DIR"] = str(pathlib.Path(folder).absolute().parent / "inductor")
        inductor.freezing = True
        torch._dynamo.reset()
        net = torch.compile(net)

    def run(pixels):
        with torch.inference_mode() if not form.endswith("compiled") else torch.no_grad():
            given = torch.from_numpy(pixels).to(dtype=kind, memory_format=layout)
            return net(given).float().numpy()

    return run
