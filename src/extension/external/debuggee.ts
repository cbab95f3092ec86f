/**
 * The pid of the debuggee in a message of the Debug Adapter Protocol: of the event `process`, or of the response to the request `runInTerminal`.
 * The shell of its terminal is not the debuggee. Undefined where the message says nothing of it. See the specification of the protocol, "Process Event" and "RunInTerminal Request".
 */
export function debuggeeOf(message: unknown): number | undefined {
  if (!isObject(message) || !isObject(message['body'])) return undefined;
  const { type, event, command, body } = message;
  const { systemProcessId, processId, isLocalProcess } = body as Record<string, unknown>;
  if (type === 'event' && event === 'process') return isLocalProcess === false ? undefined : pidIn(systemProcessId);
  if (type === 'response' && command === 'runInTerminal') return pidIn(processId);
  return undefined;
}

/**
 * The pid in the name of a target of VS Code's debugger for Node, which has a session of its own for each process and sends no event with its pid:
 * `server.js [4711]`, as of VS Code 1.139. Undefined for other sessions.
 */
export function pidOfTarget({
  type,
  name,
  isTarget,
}: {
  readonly type: string;
  readonly name: string;
  readonly isTarget: boolean;
}): number | undefined {
  if (type !== 'pwa-node' || !isTarget) return undefined;
  return pidIn(Number(name.match(/ \[(\d{1,10})\]$/)?.[1]));
}

function pidIn(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isInteger(value) && value > 1 ? value : undefined;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
