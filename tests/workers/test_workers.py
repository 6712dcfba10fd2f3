"""Checks that the workers of workers/ keep to docs/runtimes.md and do what they say, with the libraries at hand.

    python3 tests/workers/test_workers.py          whatever this Python has; what it lacks is skipped, with the reason

PyTorch reads zoo/models. ONNX Runtime and OpenVINO read what the program of ESPALIER_PROGRAM (build/espalier) exports.
"""

import functools
import importlib.util
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

import numpy as np

from session import WORKERS, Session, source_of

ROOT = WORKERS.parent
PROGRAM = pathlib.Path(os.environ.get("ESPALIER_PROGRAM", ROOT / "build" / "espalier"))
EDGES = {"vit-mini": 72, "resnet-mini": 64, "mobilenet_v2-mini": 72}
CLASSES = 20
BATCH = 3
CALIBRATION = 16
BASE = (WORKERS / "worker.py").read_text()
CHATTY = BASE + """
class Chatty(Runtime):
    name, formats = "chatty", ("huggingface",)

    def open(self):
        print("printed")
        os.write(1, b"written to descriptor 1\\n")
        os.system("echo said by another process; cat")
        return {"version": "1", "libraries": {}, "devices": ["cpu"]}

    def supports(self, steps, device):
        raise SystemExit("a library ends the program")

    def close(self):
        print("closing")

serve(Chatty())
"""


def needs(*modules: str):
    """Skips where this Python lacks a module, and says which."""
    missing = [module for module in modules if importlib.util.find_spec(module) is None]
    return unittest.skipIf(missing, f"{sys.executable} has no {', '.join(missing)}")


def images_of(model: str, count: int = BATCH, seed: int = 0) -> np.ndarray:
    edge = EDGES[model]
    return np.random.default_rng(seed).standard_normal((count, 3, edge, edge), np.float32)


def folder_of(model: str) -> str:
    return str(ROOT / "zoo" / "models" / model)


@functools.cache
def exported_of(model: str, form: str) -> str:
    """The folder of the model as the program exports it, made once."""
    if not PROGRAM.exists():
        raise unittest.SkipTest(f"there is no {PROGRAM} to export with: build it, or name it in ESPALIER_PROGRAM")
    folder = tempfile.mkdtemp(prefix="espalier-test-")
    unittest.addModuleCleanup(shutil.rmtree, folder)
    subprocess.run([PROGRAM, "export", "--model", folder_of(model), "--format", form, "-o", f"{folder}/{model}"],
                   check=True, capture_output=True)
    return f"{folder}/{model}"


def onnx_of(model: str) -> str:
    return f"{exported_of(model, 'onnx')}/model.onnx"


def session_for(runtime: str, model: str, batch: int = 1) -> Session:
    edge = EDGES[model]
    return Session([sys.executable, *source_of(runtime)], (3, edge, edge), CLASSES, batch)


@functools.cache
def answers(runtime: str, model: str, tactic: str = "baseline", exported: bool = False):
    """(logits of BATCH images, of all but the last, evidence) of a variant, calibrated on other images. Run once."""
    folder = exported_of(model, "espalier") if exported else folder_of(model)
    with session_for(runtime, model, BATCH) as worker, tempfile.NamedTemporaryFile() as file:
        images_of(model, CALIBRATION, seed=1).tofile(file.name)
        hello = worker.get("hello", protocol=1)
        reply = worker.load(folder, tactic, onnx=None if "huggingface" in hello["formats"] else onnx_of(model),
                            calibration={"path": file.name, "offset": 0, "images": CALIBRATION})
        assert reply.get("result") == {}, reply
        worker.get("optimize")
        images = images_of(model, BATCH)
        whole, part = worker.run(images), worker.run(images[:-1])
        evidence = worker.get("evidence")
        assert worker.get("exit") == {}
        assert worker.ended() == 0
        return whole, part, evidence


def check_close(found: np.ndarray, expected: np.ndarray):
    """The same but for the order of sums."""
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5 * np.abs(expected).max())


def check_baseline(test, model: str, expected: np.ndarray):
    """That a worker's baseline is the library called directly, for a whole batch and a part of it."""
    whole, part, evidence = answers(test.runtime, model)
    check_close(whole, expected)
    check_close(part, expected[:-1])
    test.assertEqual((evidence["device"], evidence["precision"], evidence["threads"]), ("cpu", "f32", 1))
    return whole, part, evidence


def check_rounded(test, found: np.ndarray, baseline: np.ndarray):
    """That something was rounded, and not more than a little."""
    error = np.abs(found - baseline).max() / np.abs(baseline).max()
    test.assertGreater(error, 1e-4)
    test.assertLess(error, 0.3)


class Protocol:
    """What every worker does, whatever it executes; each runtime's tests derive from it."""

    runtime = ""

    def command(self) -> list[str]:
        return [sys.executable, *source_of(self.runtime)]

    def opened(self, **keys) -> Session:
        """A worker that has answered hello."""
        worker = Session(self.command(), **keys)
        self.addCleanup(worker.__exit__)
        self.check_hello(worker)
        return worker

    def check_hello(self, worker: Session):
        hello = worker.get("hello", protocol=1)
        self.assertEqual((hello["protocol"], hello["runtime"]), (1, self.runtime))
        self.assertIn("cpu", hello["devices"])
        self.assertTrue(hello["formats"] and set(hello["formats"]) <= {"huggingface", "espalier", "onnx"})
        self.assertTrue(all(isinstance(version, str) for version in (hello["version"], *hello["libraries"].values())))

    def refused(self, reply: dict, kind: str = "failed"):
        self.assertEqual(reply["error"]["kind"], kind, reply)
        self.assertTrue(reply["error"]["message"])
        self.assertNotIn("\n", reply["error"]["message"])

    def check_errors(self, worker: Session):
        """Errors are replies, and what comes after them is answered."""
        for line in (b"", b"{", b"\xff\xfe\x00", b"[1]", b"7", b"null", b"[" * 100_000, b'{"op": "exit"}'):
            reply = worker.send(line)
            self.assertIsNone(reply["id"], line[:20])
            self.refused(reply)
        self.refused(worker.ask("fly"))
        self.refused(worker.ask("supports", tactic="channel-pruning", device="cpu"), "unsupported")
        self.refused(worker.ask("supports", tactic="baseline", device="abacus"), "unsupported")
        self.assertEqual(worker.get("supports", tactic="baseline", device="cpu"), {})

    def test_errors_are_replies_and_the_end_of_input_ends_it(self):
        worker = self.opened()
        self.check_errors(worker)
        self.assertEqual(worker.end(), 0)


class OnTheBase(Protocol):
    """What the workers share that stand on worker.py."""

    def check_errors(self, worker: Session):
        super().check_errors(worker)
        for op, keys in (("optimize", {}), ("evidence", {}), ("run", {"images": 1})):
            self.assertIn("comes after", worker.ask(op, **keys)["error"]["message"])
        for key, value in (("batch", 0), ("threads", "two"), ("input", [3, 8]), ("memory", None),
                           ("memory", {"bytes": worker.bytes, "input": 0, "output": worker.bytes}),
                           ("memory", {"bytes": 1 << 50, "input": 0, "output": 64})):
            self.refused(worker.load("nowhere", **{key: value}))
        self.refused(worker.load("nowhere", onnx="nowhere.onnx"))
        self.refused(worker.send(b'{"id": 5, "op": "supports", "tactic": "' + b"x" * (3 << 20) + b'"}'))
        self.assertEqual(worker.get("supports", tactic="baseline", device="cpu"), {})

    def test_it_runs_as_a_file_and_knows_its_protocol(self):
        with Session([sys.executable, str(WORKERS / f"{self.runtime}_worker.py")]) as worker:
            self.refused(worker.ask("hello", protocol=2), "unsupported")
            self.assertEqual(worker.end(), 0)


class Chatter(unittest.TestCase):
    def test_what_libraries_print_is_no_reply(self):
        with Session([sys.executable, "-c", CHATTY]) as worker:
            self.assertEqual(worker.get("hello", protocol=1)["runtime"], "chatty")
            self.assertEqual(worker.ask("supports", tactic="baseline", device="cpu")["error"]["kind"], "failed")
            self.assertEqual(worker.end(), 0)
            for text in ("printed", "descriptor 1", "another process", "closing"):
                self.assertIn(text, worker.said())

    def test_a_missing_library_is_unsupported_and_named(self):
        source = BASE + "\nclass Poor(Runtime):\n    def open(self):\n        import nowhere_to_be_found\nserve(Poor())"
        with Session([sys.executable, "-c", source]) as worker:
            error = worker.ask("hello", protocol=1)["error"]
            self.assertEqual(error["kind"], "unsupported")
            self.assertIn("nowhere_to_be_found", error["message"])


class Example(Protocol, unittest.TestCase):
    runtime = "example"

    def command(self):
        return [sys.executable, str(WORKERS / "example_worker.py")]

    def test_it_classifies_and_prunes(self):
        images = np.random.default_rng(0).standard_normal((2, 3, 8, 8), np.float32)
        found = {}
        for tactic in ("baseline", "local-pruning:0.5"):
            worker = self.opened(batch=2)
            self.assertEqual(worker.load("anything", tactic)["result"], {})
            worker.get("optimize")
            whole = worker.run(images)
            np.testing.assert_array_equal(whole[:1], worker.run(images[:1]))
            found[tactic] = whole, worker.get("evidence")
        self.assertFalse(np.array_equal(found["baseline"][0], found["local-pruning:0.5"][0]))
        pruned = found["local-pruning:0.5"][1]
        self.assertEqual(pruned["nonzero_parameters"] * 2, pruned["parameters"])


@needs("torch", "transformers")
class PyTorch(OnTheBase, unittest.TestCase):
    runtime = "pytorch"

    def direct(self, model: str):
        import transformers
        return transformers.AutoModelForImageClassification.from_pretrained(folder_of(model)).eval()

    def logits(self, network, images: np.ndarray) -> np.ndarray:
        import torch
        with torch.inference_mode():
            return network(torch.from_numpy(images), return_dict=True).logits.numpy()

    def test_baseline_equals_the_library(self):
        for model in ("vit-mini", "resnet-mini"):
            network = self.direct(model)
            _, _, evidence = check_baseline(self, model, self.logits(network, images_of(model)))
            self.assertEqual(evidence["parameters"], sum(p.numel() for p in network.parameters()))

    def test_an_exported_folder_equals_the_original(self):
        for model in EDGES:
            whole, _, _ = answers("pytorch", model, exported=True)
            check_close(whole, self.logits(self.direct(model), images_of(model)))
        for tactic in ("local-pruning:0.5+dynamic-quantization", "compile"):
            whole, _, _ = answers("pytorch", "vit-mini", tactic, exported=True)
            check_close(whole, answers("pytorch", "vit-mini", tactic)[0])

    def test_pruning_zeroes_what_torch_zeroes(self):
        import torch
        from torch.nn.utils import prune
        for tactic in ("local-pruning:0.5", "global-pruning"):
            network = self.direct("resnet-mini")
            layers = [m for m in network.modules() if isinstance(m, (torch.nn.Linear, torch.nn.Conv2d))]
            if tactic.startswith("local"):
                for layer in layers:
                    prune.l1_unstructured(layer, "weight", 0.5)
            else:
                prune.global_unstructured([(layer, "weight") for layer in layers], prune.L1Unstructured, amount=0.3)
            whole, _, evidence = answers("pytorch", "resnet-mini", tactic)
            check_close(whole, self.logits(network, images_of("resnet-mini")))
            zeros = sum(int((layer.weight == 0).sum()) for layer in layers)
            self.assertGreater(zeros, 0)
            self.assertEqual(evidence["parameters"] - evidence["nonzero_parameters"], zeros)

    def test_dynamic_quantization_replaces_linear_layers(self):
        import torch
        whole, _, evidence = answers("pytorch", "vit-mini", "dynamic-quantization")
        baseline, _, before = answers("pytorch", "vit-mini")
        linear = sum(isinstance(module, torch.nn.Linear) for module in self.direct("vit-mini").modules())
        self.assertIn(f"DynamicQuantizedLinear x{linear}", evidence["kernels"])
        self.assertIn("int8", evidence["precision"])
        self.assertLess(evidence["disk_bytes"], before["disk_bytes"] / 2)
        check_rounded(self, whole, baseline)

    def test_bf16_halves_the_weights(self):
        whole, _, after = answers("pytorch", "vit-mini", "global-pruning:0.5+bf16")
        _, _, before = answers("pytorch", "vit-mini")
        self.assertEqual(after["precision"], "bf16")
        self.assertEqual(2 * after["weight_bytes"], before["weight_bytes"])
        self.assertLess(after["nonzero_parameters"], 0.52 * after["parameters"])

    @unittest.skipUnless(shutil.which(os.environ.get("CXX", "g++")), "torch.compile needs a C++ compiler: install g++")
    def test_compile_compiles_and_times_itself(self):
        expected = self.logits(self.direct("resnet-mini"), images_of("resnet-mini"))
        whole, part, evidence = answers("pytorch", "resnet-mini", "compile")
        check_close(whole, expected)
        check_close(part, expected[:-1])
        self.assertTrue(any("generated C++ kernel" in kernel for kernel in evidence["kernels"]), evidence)
        self.assertLess(evidence["nodes_after"], evidence["nodes_before"])
        times = evidence["optimize"]
        self.assertGreater(times["cold_s"], times.get("warm_s", 0))

    def test_a_missing_weight_is_never_drawn_at_random(self):
        from safetensors.numpy import load_file, save_file
        with tempfile.TemporaryDirectory() as folder:
            shutil.copytree(folder_of("vit-mini"), folder, dirs_exist_ok=True)
            weights = load_file(f"{folder}/model.safetensors")
            weights.pop("classifier.weight")
            save_file(weights, f"{folder}/model.safetensors", {"format": "pt"})
            with session_for("pytorch", "vit-mini") as worker:
                worker.get("hello", protocol=1)
                self.assertIn("classifier.weight", worker.load(folder)["error"]["message"])

    def test_what_the_cpu_cannot_do_is_unsupported(self):
        worker = self.opened()
        for tactic in ("local-pruning:1.5", "dynamic-quantization+bf16", "bf16+local-pruning", "compile+compile"):
            self.refused(worker.ask("supports", tactic=tactic, device="cpu"), "unsupported")
        self.refused(worker.ask("supports", tactic="dynamic-quantization", device="cuda"), "unsupported")
        self.refused(worker.ask("supports", tactic="baseline", device="cuda:99"), "unsupported")


class OnOnnx(OnTheBase):
    """What the workers share that read ONNX."""

    static_kernels = ()

    def direct(self, path: str, images: np.ndarray) -> np.ndarray:
        raise NotImplementedError

    def test_baseline_equals_the_library(self):
        for model in ("vit-mini", "resnet-mini"):
            check_baseline(self, model, self.direct(onnx_of(model), images_of(model)))

    def check_static(self):
        for model in ("vit-mini", "resnet-mini"):
            whole, _, evidence = answers(self.runtime, model, "static-quantization")
            baseline, _, before = answers(self.runtime, model)
            self.assertTrue(any(kernel.startswith(self.static_kernels) for kernel in evidence["kernels"]), evidence)
            self.assertLess(evidence["disk_bytes"], 0.6 * before["disk_bytes"])
            check_rounded(self, whole, baseline)

    def test_static_quantization_needs_images(self):
        with session_for(self.runtime, "resnet-mini") as worker:
            worker.get("hello", protocol=1)
            reply = worker.load("", "static-quantization", onnx=onnx_of("resnet-mini"))
            self.refused(worker.ask("optimize") if "result" in reply else reply, "unsupported")

    def test_a_broken_file_fails_to_load(self):
        with tempfile.NamedTemporaryFile(suffix=".onnx") as file, session_for(self.runtime, "vit-mini") as worker:
            file.write(b"no protobuf \xff\xff\xff")
            file.flush()
            worker.get("hello", protocol=1)
            self.refused(worker.load("", onnx=file.name))
            self.refused(worker.load("", onnx=None), "unsupported")


@needs("onnxruntime", "onnx")
class OnnxRuntime(OnOnnx, unittest.TestCase):
    runtime = "onnxruntime"
    static_kernels = ("QLinearConv", "QLinearMatMul")

    def direct(self, path, images):
        import onnxruntime
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        return onnxruntime.InferenceSession(path, options).run(None, {"pixel_values": images})[0]

    def test_dynamic_quantization_quantizes_products(self):
        whole, _, evidence = answers(self.runtime, "vit-mini", "dynamic-quantization")
        self.assertTrue(any(kernel.startswith("DynamicQuantizeMatMul") for kernel in evidence["kernels"]), evidence)
        self.assertIn("Conv x1", evidence["kernels"])
        self.assertIn("Conv x1 stay f32", evidence["notes"])
        check_rounded(self, whole, answers(self.runtime, "vit-mini")[0])

    def test_static_quantization_executes_in_int8(self):
        self.check_static()


@needs("openvino")
class OpenVino(OnOnnx, unittest.TestCase):
    runtime = "openvino"
    static_kernels = ("FullyConnected int8", "Convolution int8")

    def direct(self, path, images):
        import openvino
        compiled = openvino.Core().compile_model(path, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
        return compiled([images])[0]

    def test_bf16_is_executed_or_unsupported(self):
        import openvino
        if "BF16" in openvino.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES"):
            _, _, evidence = answers(self.runtime, "vit-mini", "bf16")
            self.assertEqual(evidence["precision"], "bf16")
        else:
            self.refused(self.opened().ask("supports", tactic="bf16", device="cpu"), "unsupported")

    @needs("nncf")
    def test_static_quantization_executes_in_int8(self):
        self.check_static()

    @needs("nncf")
    def test_dynamic_quantization_rounds_activations_or_is_unsupported(self):
        _, _, evidence = answers(self.runtime, "vit-mini", "dynamic-quantization")
        self.assertIn("int8", evidence["precision"])
        with session_for(self.runtime, "resnet-mini") as worker:
            worker.get("hello", protocol=1)
            worker.load("", "dynamic-quantization", onnx=onnx_of("resnet-mini"))
            self.refused(worker.ask("optimize"), "unsupported")


if __name__ == "__main__":
    unittest.main(verbosity=2)
