/** The schema of what the editor does when a process is ready. */
import * as z from 'zod';
import { text } from './values.ts';

export const onReadySchema = z
  .union(
    [z.enum(['open', 'openExternal']), z.strictObject({ debug: text.describe('Name of a configuration in launch.json.') })],
    'must be "open", "openExternal" or { "debug": NAME }',
  )
  .describe(
    'What VS Code does each time the process becomes ready, after a restart too. "open": show its page, at the lowest TCP port that it listens on, in the editor. "openExternal": open it in your browser. Ports are known on Linux and Windows only. { "debug": NAME }: start the configuration NAME of launch.json, for example one that attaches to the process. Of several instances, the first counts. Default: nothing.',
  );

export type OnReady = z.output<typeof onReadySchema>;
