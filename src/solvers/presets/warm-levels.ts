/**
 * From a start near the classical estimate down to a level above the finest ones, where a sample leaves the posterior mean;
 * both rise with the noise of the measurement.
 */
export function warmLevels(sigmaMax: number, sigmaMin: number, sigmaY: number): Record<string, unknown> {
  return { warm: true, sigmaMax: Math.max(sigmaMax, 2 * sigmaY), sigmaMin: Math.max(sigmaMin, 0.5 * sigmaY) };
}
