"""First-order methods for saddle points and monotone operators.

Every method asks ``oracle.operator``, the monotone operator F(z) = (grad_x f, -grad_y f) of min over x, max over y
of f; points are z = (x, y) of shape (runs, dim).
"""

from ratecheck.theory.methods.saddle.anchored import EAGC, EAGV, FEG
from ratecheck.theory.methods.saddle.extragradient import OGDA, Extragradient, PastExtragradient
from ratecheck.theory.methods.saddle.gradient import GDA, AlternatingGDA
from ratecheck.theory.methods.saddle.mirror import MirrorProx
from ratecheck.theory.methods.saddle.observation import MiddleAverage, Observed, Transition
from ratecheck.theory.methods.saddle.optimistic_adam import OptimisticAdam
from ratecheck.theory.methods.saddle.primal_dual import PDHG
from ratecheck.theory.methods.saddle.proximal import APPM, PPM, Halpern

EXAMPLES = {
    "gradient descent-ascent": GDA(0.1),
    "alternating gradient descent-ascent": AlternatingGDA(0.1),
    "proximal point": PPM(1.0),
    "accelerated proximal point": APPM(1.0),
    "Halpern iteration": Halpern(1.0),
    "extragradient": Extragradient(0.5),
    "past extragradient": PastExtragradient(0.3),
    "optimistic gradient": OGDA(0.3),
    "optimistic Adam": OptimisticAdam(0.05),
    "mirror-prox": MirrorProx(0.5, geometry="entropy"),
    "primal-dual hybrid gradient": PDHG(0.9, 0.9),
    "extra anchored gradient, constant step": EAGC(0.125),
    "extra anchored gradient, varying step": EAGV(0.618, smoothness=1.0),
    "fast extragradient": FEG(smoothness=1.0),
}

__all__ = [
    "APPM",
    "EAGC",
    "EAGV",
    "EXAMPLES",
    "FEG",
    "GDA",
    "OGDA",
    "PDHG",
    "PPM",
    "AlternatingGDA",
    "Extragradient",
    "Halpern",
    "MiddleAverage",
    "MirrorProx",
    "Observed",
    "OptimisticAdam",
    "PastExtragradient",
    "Transition",
]
