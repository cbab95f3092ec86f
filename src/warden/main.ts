/**
 * The guardian process of a window, or of a command line. Its owner speaks to it over stdin and stdout and is known to be
 * gone when stdin ends; everybody else of this user speaks to it over its socket.
 *
 *   warden.js serve --workspace NAME --log-folder DIR
 *   warden.js reap FOLDER      kill what the dead warden of this folder left
 *   warden.js sweep            kill what every dead warden left; the result as JSON
 */
import { parseArgs } from 'node:util';
import { selectPlatform } from '../platform/select.ts';
import { errorText } from '../protocol/errors.ts';
import { readRecordFolder } from '../records/records.ts';
import { openRuntimeFolder } from '../records/runtimeFolder.ts';
import { isWardenAlive, reap, sweep } from './reaper.ts';
import { Warden } from './warden.ts';

async function main(): Promise<void> {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: { workspace: { type: 'string', default: '' }, 'log-folder': { type: 'string' } },
  });
  const [command, folder] = positionals;
  const platform = await selectPlatform();
  if (command === 'serve') {
    const logFolder = values['log-folder'];
    if (logFolder === undefined) throw new Error('serve needs --log-folder');
    await Warden.serve({ platform, workspace: values.workspace, logFolder, runtimeFolder: openRuntimeFolder() });
  } else if (command === 'reap' && folder !== undefined) {
    const records = readRecordFolder(folder);
    if (isWardenAlive(platform, records)) throw new Error(`the warden of ${folder} is alive`);
    await reap(platform, records);
  } else if (command === 'sweep') {
    process.stdout.write(`${JSON.stringify(await sweep(platform, openRuntimeFolder()))}\n`);
  } else {
    throw new Error(`'${positionals.join(' ')}' is not a command of the warden`);
  }
}

main().catch((error: unknown) => {
  process.stderr.write(`${errorText(error)}\n`);
  process.exit(1);
});
