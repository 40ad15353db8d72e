// Types of copy-image.mjs.
export function copyImage(from: string, to: string): Promise<void>;
