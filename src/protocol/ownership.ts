/** For which connection the trees live. */
import { NotificationType, RequestType0 } from 'vscode-jsonrpc';

/**
 * The owner gives its trees up, without waiting: the warden ends them at once, or with `keepMillis` keeps them for so many
 * milliseconds for the connection that {@link takeOwnership takes} them.
 */
export const releaseOwnership = new NotificationType<{ readonly keepMillis: number }>('leave');
/** Takes the place of an owner that has released its trees; from then on, they live for this connection. */
export const takeOwnership = new RequestType0<void, void>('claim');
