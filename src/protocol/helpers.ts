/** The warden's helper processes, which it starts again when they end. */
import { RequestType } from 'vscode-jsonrpc';

/** `gateway`: serves the models. `switch`: the dead man's switch, which ends what is left when the warden is killed. */
export const helperNames = ['gateway', 'switch'] as const;
export type HelperName = (typeof helperNames)[number];

/**
 * Starts a helper again that has ended more often than its budget of automatic restarts allows; the budget begins anew. Answers when it is
 * running, also where it has been running before.
 */
export const startHelper = new RequestType<{ readonly helper: HelperName }, null, void>('helpers/start');
