import { setTimeout as sleep } from 'node:timers/promises';
import type { Adversary } from './adversaries.ts';
import { eventually, Run } from './run.ts';
import { isAlive, type Survivor, survivorsAfterLooking, survivorsOf } from './survivors.ts';

export const graceMillis = 500;

/** A way in which a `tree-warden run` ends. */
export interface Death {
  readonly name: string;
  readonly strike: (pids: { readonly cli: number; readonly warden: number }) => void;
}

export const deaths: readonly Death[] = [
  { name: 'stop', strike: ({ cli }) => process.kill(cli, 'SIGTERM') },
  { name: 'SIGKILL of the CLI', strike: ({ cli }) => process.kill(cli, 'SIGKILL') },
  { name: 'SIGKILL of the warden', strike: ({ warden }) => process.kill(warden, 'SIGKILL') },
  {
    name: 'SIGKILL of both',
    strike: ({ cli, warden }) => {
      process.kill(cli, 'SIGKILL');
      process.kill(warden, 'SIGKILL');
    },
  },
];

/** Runs the adversary under `tree-warden run`, strikes, and looks who is left at the grace and one second. */
export async function survivorsOfDeath(
  adversary: Adversary,
  death: Death,
  env: NodeJS.ProcessEnv = {},
): Promise<{ readonly survivors: readonly Survivor[]; readonly millis: number }> {
  await using run = new Run(env);
  const policy = adversary.leaderLeaves ? ['--when-leader-exits', 'keep'] : [];
  const cli = run.start(['run', '--grace', `${graceMillis}ms`, ...policy, '--', ...adversary.argv(run.workFolder)]);
  const warden = await eventually('the warden is there', () => run.wardenPids()[0]);
  const own = new Set([cli.pid, warden]);
  await eventually(`${adversary.name} is up`, () => survivorsOf(run.workFolder, own).length >= adversary.processes);
  const struckAt = Date.now();
  death.strike({ cli: cli.pid, warden });
  const deadline = struckAt + graceMillis + 1000;
  for (;;) {
    const survivors = await survivorsAfterLooking(run.workFolder, own);
    const millis = Date.now() - struckAt;
    if (survivors.length === 0 || Date.now() >= deadline) {
      await eventually('the warden has ended too', () => !isAlive(warden));
      return { survivors, millis };
    }
    await sleep(5);
  }
}
