// Types of blob-names.mjs.
export const RESOURCE: string;
export const FUSE: string;
