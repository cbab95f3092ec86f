import type { Inspector } from './inspector.ts';
import { InspectorSession } from './session.ts';
import { askInspector } from './targets.ts';

/** How long it may take, in milliseconds. */
const closeMillis = 5000;

/** Of older versions of Node, the command line of the inspector has `require` even where the program has none. */
const expression = `(process.getBuiltinModule?.('node:inspector') ?? require('node:inspector')).close()`;

/**
 * Closes an inspector that was opened for us, and with it every connection to it: https://nodejs.org/api/inspector.html#inspectorclose. SIGUSR1 can open
 * it again.
 * @returns Whether it is closed.
 */
export async function closeInspector(inspector: Inspector): Promise<boolean> {
  try {
    using session = await InspectorSession.open(inspector);
    // There is no answer: what would send it is closed.
    const asked = session.ask('Runtime.evaluate', { expression, includeCommandLineAPI: true }, closeMillis).catch(() => undefined);
    await Promise.race([asked, session.closed]);
  } catch {
    // Closed already, or its process has ended.
  }
  return (await askInspector(inspector.host, inspector.port)) !== inspector.id;
}
