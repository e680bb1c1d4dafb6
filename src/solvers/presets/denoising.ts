/**
 * Levels for plain denoising. The measurement is itself a draw at σ = σ_y, whose denoised picture is the posterior mean: three
 * steps of the probability-flow ODE from there make it a little sharper, and a likelihood would count the data twice.
 */
export function denoisingLevels(sigmaY: number): Record<string, unknown> {
  const sigmaMax = Math.max(0.02, sigmaY);
  return { warm: true, steps: 3, eta: 0, grid: "karras", sigmaMax, sigmaMin: 0.8 * sigmaMax };
}
