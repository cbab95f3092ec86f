import type { WardenClient } from '../client/wardenClient.ts';
import { runDoctor } from '../client/wardenCommands.ts';
import type { Diagnosis } from '../protocol/inspection.ts';
import { exitCodes } from './exitCodes.ts';
import { sayAll, sayJson } from './say.ts';
import { Wardens, wardenScript } from './wardens.ts';

/** Says which containments this machine has, why not the others, and whether every warden finds all in order. */
export async function doctor({ json = false }: { readonly json?: boolean }): Promise<number> {
  const diagnosis = await runDoctor(wardenScript);
  using wardens = await Wardens.connect('tree-warden doctor');
  const checks = await wardens.ofAll(async (client) => [{ warden: client.welcome, findings: await findingsOf(client) }]);
  const wrong = wardens.incomplete || checks.some(({ findings }) => findings.length > 0);
  if (json) sayJson({ ...diagnosis, wardens: checks }, 2);
  else sayAll(describe(diagnosis, checks));
  return wrong ? exitCodes.failed : exitCodes.ok;
}

async function findingsOf(warden: WardenClient): Promise<readonly string[]> {
  if (!warden.hasOnlyCore) return await warden.selfCheck();
  return [
    `It is of version ${warden.welcome.version}: its processes can be listed and stopped, and nothing else. Start them again to change that.`,
  ];
}

function describe(
  { platform, offers, shortcomings }: Diagnosis,
  checks: readonly { readonly warden: { readonly workspace: string; readonly pid: number }; readonly findings: readonly string[] }[],
): string[] {
  const lines = [`Containment on this machine (${platform}):`];
  for (const { containment, available, why, advice } of offers) {
    lines.push(`  ${available ? '✔' : '✘'} ${containment.padEnd(10)} ${why}`);
    if (advice !== undefined) lines.push(`               ${advice}`);
  }
  for (const shortcoming of shortcomings) lines.push(`  ! ${shortcoming}`);
  lines.push('', checks.length === 0 ? 'No warden is running.' : 'Wardens:');
  for (const { warden, findings } of checks) {
    lines.push(`  ${findings.length === 0 ? '✔' : '✘'} ${warden.workspace || 'command line'} (pid ${warden.pid})`);
    for (const finding of findings) lines.push(`      ${finding}`);
  }
  return lines;
}
