/** Where a connector finds the socket of the warden that has started it. */
export const socketVariable = 'TREE_WARDEN_SOCKET';

/** In front of a lease where a warden on a node says for which window it lives. */
export const leasePrefix = 'lease:';
