/** What identifies a tree and a warden, and how long they live. */
export type TreeId = string & { readonly unit: 'TreeId' };

export type WardenId = string & { readonly unit: 'WardenId' };

/** `managed`: it ends with its window; `detached`: it is meant to survive it. */
export type Lifetime = 'managed' | 'detached';
