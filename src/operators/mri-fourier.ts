import { type Complex, concat, type Tensor } from "../tensor/index.ts";
import { dense, matrixConstant } from "./dense.ts";

/** The centred orthonormal transform of the last two axes and its inverse: frequency and pixel 0 stand at ⌊n/2⌋. */
export interface CentredFourier {
  forward(x: Complex | Tensor): Complex;
  inverse(z: Complex): Complex;
}

/** `fftshift(fft2(ifftshift(x), norm="ortho"))` and its inverse, each as two real matrix products, for any size. */
export function centredFourier(height: number, width: number): CentredFourier {
  // Symmetric matrices: [re, im] rows times [[C, S], [−S, C]]ᵀ, where C − iS is the transform.
  const columns = (sign: number) => matrixConstant(block(height, sign));
  const rows = (sign: number) => matrixConstant(block(width, -sign));
  const [left, leftBack] = [columns(-1), columns(1)];
  const [right, rightBack] = [rows(-1), rows(1)];
  const rightReal = right.narrow(0, 0, width);
  return {
    forward(x) {
      const along = "re" in x ? concat([x.re, x.im], -1).matmul(right) : x.matmul(rightReal);
      return onColumns(left, halves(along, -1));
    },
    inverse: (z) => onColumns(leftBack, halves(concat([z.re, z.im], -1).matmul(rightBack), -1)),
  };
}

const onColumns = (left: Tensor, { re, im }: Complex) => halves(left.matmul(concat([re, im], -2)), -2);

function halves(x: Tensor, axis: -1 | -2): Complex {
  const n = x.shape[x.rank + axis] / 2;
  return { re: x.narrow(axis, 0, n), im: x.narrow(axis, n, n) };
}

/** [[cos, −s·sin], [s·sin, cos]] of the angles 2π(j − c)(k − c)/n, c = ⌊n/2⌋, over √n. */
function block(n: number, sign: number) {
  const centre = Math.floor(n / 2);
  return dense(2 * n, 2 * n, (a, b) => {
    const product = ((a % n) - centre) * ((b % n) - centre);
    const angle = (2 * Math.PI * (((product % n) + n) % n)) / n;
    const value = a < n === b < n ? Math.cos(angle) : (a < n ? -sign : sign) * Math.sin(angle);
    return value / Math.sqrt(n);
  });
}
