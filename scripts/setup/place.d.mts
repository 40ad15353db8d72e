// Types of place.mjs.
export const ROOT: string;
export const TOOLS: string;
export const OUT: string;
export const NODE: string;
export const WINDOWS: string;
export const WINDOWS_ARM64: string;
export const WINE: string;
export const WINE_LOADER: string;
export const WINE_SERVER: string;
export const WINE_TEMPLATE: string;
export const BUILD: string;
export const TEST_TOOLS: string;
export function at(...parts: readonly string[]): string;
export function windowsPart(...parts: readonly string[]): string;
export function arm64Part(...parts: readonly string[]): string;
