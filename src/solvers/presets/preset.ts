/** How much time a restoration may take: seconds, half a minute, as long as it pays (256², two cores). */
export type Preset = "fast" | "balanced" | "best";

/**
 * Options that restore pictures well, found by measurement with the embedded prior (docs/restoration.md).
 * @param task name of the operator
 * @param sigmaY noise on the [-1, 1] scale
 */
export type PresetRule = (task: string, preset: Preset, sigmaY: number) => Record<string, unknown>;
