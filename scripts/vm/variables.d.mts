// Types of variables.mjs.
export function freshVariables(file: string): void;
