"""Predictors to be measured with."""

from rankzero.serving import Array, Json

SCHEMA = {
    "type": "object",
    "required": ["name", "values"],
    "additionalProperties": False,
    "properties": {
        "name": {"type": "string", "maxLength": 40},
        "values": {"type": "array", "items": {"type": "number"}, "minItems": 1, "maxItems": 16},
    },
}


class Sum:
    """Next to no work: what is left is the server's."""

    input = Json(SCHEMA)
    output = Json(
        {"type": "object", "required": ["sum"], "properties": {"sum": {"type": "number"}}}
    )

    def predict(self, batch):
        return [{"sum": sum(one["values"])} for one in batch]


class Mlp:
    """Four layers of 512."""

    input = Array((512,))
    output = Array((10,))

    def load(self, path):
        import torch

        torch.set_num_threads(1)
        torch.manual_seed(0)
        layers = []
        for _ in range(4):
            layers += [torch.nn.Linear(512, 512), torch.nn.ReLU()]
        self.torch, self.model = torch, torch.nn.Sequential(*layers, torch.nn.Linear(512, 10))

    def predict(self, batch):
        import numpy

        with self.torch.inference_mode():
            return self.model(self.torch.from_numpy(numpy.stack(batch))).numpy()
