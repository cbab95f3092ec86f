/** Between the warden and every helper process of its that reads what comes from outside: over the helper's stdin and stdout. */
import { RequestType0 } from 'vscode-jsonrpc';

export const ping = new RequestType0<null, void>('helper/ping');
/** Requests that are being answered end with an error. */
export const close = new RequestType0<null, void>('helper/close');
