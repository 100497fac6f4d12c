"""Name the array types that recsys passes around; the shape is said where they are used."""

import numpy as np
from numpy.typing import NDArray

Indices = NDArray[np.int32]
Weights = NDArray[np.float32]
Days = NDArray[np.float64]
Mask = NDArray[np.bool_]
# Indices of the machine's own width: what numpy gathers and scatters by without converting first.
Places = NDArray[np.intp]
