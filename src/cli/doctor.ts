import type { WardenClient } from '../client/wardenClient.ts';
import { runDoctor } from '../client/wardenCommands.ts';
import { errorText } from '../protocol/errors.ts';
import { readGuardianVariables } from '../protocol/guardianVariables.ts';
import type { Diagnosis } from '../protocol/inspection.ts';
import { exitCodes } from './exitCodes.ts';
import { mistypedVariables } from './mistypedVariables.ts';
import { sayAll, sayJson } from './say.ts';
import { Wardens, wardenScript } from './wardens.ts';

/** Says which containments this machine has, why not the others, and whether every warden finds all in order. */
export async function doctor({ json = false }: { readonly json?: boolean }): Promise<number> {
  const diagnosis = await runDoctor(wardenScript);
  using wardens = await Wardens.connect('tree-warden doctor');
  const checks = await wardens.ofAll(async (client) => [{ warden: client.welcome, findings: await findingsOf(client) }]);
  const problem = variableProblem();
  const mistyped = mistypedVariables(Object.keys(process.env));
  const wrong = problem !== undefined || wardens.incomplete || checks.some(({ findings }) => findings.length > 0);
  if (json)
    sayJson(
      { ...diagnosis, ...(problem !== undefined && { environment: problem }), ...(mistyped.length > 0 && { mistyped }), wardens: checks },
      2,
    );
  else
    sayAll([
      ...describe(diagnosis, checks),
      ...(problem === undefined ? [] : ['', 'In this environment, nothing can be started:', `  ✘ ${problem}`]),
      ...(mistyped.length === 0 ? [] : ['', 'Variables of this environment that have no effect:', ...mistyped.map((one) => `  ! ${one}`)]),
    ]);
  return wrong ? exitCodes.failed : exitCodes.ok;
}

/** What is wrong with the variables that a warden would be started with, as sentences. */
function variableProblem(): string | undefined {
  try {
    readGuardianVariables(process.env);
    return undefined;
  } catch (error) {
    return errorText(error);
  }
}

async function findingsOf(warden: WardenClient): Promise<readonly string[]> {
  if (!warden.hasOnlyCore) return await warden.selfCheck();
  return [
    `It is of version ${warden.welcome.version}: its processes can be listed and stopped, and nothing else. Start them again to change that.`,
  ];
}

function describe(
  { platform, offers, isolation, shortcomings }: Diagnosis,
  checks: readonly { readonly warden: { readonly workspace: string; readonly pid: number }; readonly findings: readonly string[] }[],
): string[] {
  const lines = [`Containment on this machine (${platform}):`];
  for (const { containment, available, why, advice } of offers) {
    lines.push(`  ${available ? '✔' : '✘'} ${containment.padEnd(10)} ${why}`);
    if (advice !== undefined) lines.push(`               ${advice}`);
  }
  lines.push(`  By default, processes are held by ${byDefault(offers)}.`);
  lines.push(`  ${isolation.available ? '✔' : '✘'} ${'isolate'.padEnd(10)} ${isolation.why}`);
  if (isolation.advice !== undefined) lines.push(`               ${isolation.advice}`);
  for (const shortcoming of shortcomings) lines.push(`  ! ${shortcoming}`);
  lines.push('', checks.length === 0 ? 'No warden is running.' : 'Wardens:');
  for (const { warden, findings } of checks) {
    lines.push(`  ${findings.length === 0 ? '✔' : '✘'} ${warden.workspace || 'command line'} (pid ${warden.pid})`);
    for (const finding of findings) lines.push(`      ${finding}`);
  }
  return lines;
}

/** What `"containment": "auto"` is here, in words for people who do not know what a cgroup is. */
function byDefault(offers: Diagnosis['offers']): string {
  const has = (wanted: string): boolean => offers.some(({ containment, available }) => containment === wanted && available);
  if (has('job')) return 'job: the system itself knows all that belongs to one, and ends it';
  if (has('cgroup')) return 'cgroup: the kernel itself knows all that belongs to one, and ends it';
  return 'group: what they start is found by its session and by what it inherits, and each stop is verified. No rights are needed for this';
}
