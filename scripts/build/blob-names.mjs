// The names by which Node finds a blob in its own executable. Source: Node's documentation, "Single executable applications".

/** The resource (PE) or note (ELF) that Node looks for once the fuse is flipped. */
export const RESOURCE = 'NODE_SEA_BLOB';
export const FUSE = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2';
