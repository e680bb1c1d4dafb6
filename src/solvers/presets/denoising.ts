/**
 * Levels for plain denoising: one, at the noise of the measurement. A noisy picture is itself a draw at σ = σ_y, whose denoised
 * picture is the posterior mean; levels below it take noise for texture, and a likelihood would count the data twice.
 */
export function denoisingLevels(sigmaY: number): Record<string, unknown> {
  const sigma = Math.max(0.02, 1.001 * sigmaY); // a little above, where DDRM trusts the measurement
  return { warm: true, steps: 1, grid: "karras", sigmaMax: sigma, sigmaMin: sigma };
}
