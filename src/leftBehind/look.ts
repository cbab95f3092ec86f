/** Looks at the machine once. */
import { pid as self } from 'node:process';
import { displayCommandLine } from '../command/commandLine.ts';
import type { Platform } from '../platform/platform.ts';
import { isCertain, type LeftBehind, type LeftBehindReport } from '../protocol/leftBehind.ts';
import { portsOf } from '../protocol/ports.ts';
import { scriptVariable, socketsOf } from './editorMarks.ts';
import { type Found, findLeftBehind, unattended } from './findLeftBehind.ts';
import type { Surroundings } from './processRow.ts';
import { type ReadRow, readTable } from './processTable.ts';
import { programLabel } from './programLabel.ts';
import { readRecords } from './readRecords.ts';
import { otherNames, withWorktrees } from './worktrees.ts';

export interface LookRequest {
  readonly folders: readonly string[];
  /** TCP ports that are wanted, whatever holds them. */
  readonly wantedPorts: readonly number[];
}

/** What was found, with the processes as they were read. */
export interface Look {
  readonly report: LeftBehindReport;
  readonly found: readonly Found<ReadRow>[];
}

/** Maximum number of processes, with all that descends from each, in one report. */
const maxFound = 1000;

/** @throws ProcessTableError where the process table cannot be read. */
export async function look(platform: Platform, { folders, wantedPorts }: LookRequest): Promise<Look> {
  const { origins, bootId: boot } = platform;
  const all = withWorktrees(folders);
  if (origins === undefined) return { report: { boot, folders: all, found: [], supported: false }, found: [] };
  const table = readTable({ platform, origins });
  const around: Surroundings = {
    self,
    folders: [...all, ...otherNames(folders, all)],
    wantedPorts: new Set(wantedPorts),
    recorded: new Set(),
    recordedMarks: new Set(),
    cgroup: origins.cgroupOf(self) ?? '',
    sockets: new Map(),
  };
  const listening = wantedPorts.length > 0 ? origins.listeningPorts() : new Set();
  if (wantedPorts.some((port) => listening.has(port))) await readPorts(platform, unattended(table, unasked(around)));
  const suspects = findLeftBehind(table, unasked(around)).flatMap(({ members }) => members);
  const allFound = suspects.length > 0 ? findLeftBehind(table, { ...around, ...(await evidenceOn(suspects)) }) : [];
  const found = allFound.slice(0, maxFound);
  await readPorts(
    platform,
    found.flatMap(({ members }) => members),
  );
  return {
    report: { boot, folders: all, found: inOrder(found.map((one) => describe(one, around))), supported: true },
    found,
  };
}

/** As if no window were left: what is found then is what the sockets are asked for. */
function unasked(around: Surroundings): Surroundings {
  return { ...around, sockets: { get: () => false } };
}

/** Whether the windows that they name are open, and what wardens have on record. */
async function evidenceOn(suspects: readonly ReadRow[]): Promise<Pick<Surroundings, 'sockets' | 'recorded' | 'recordedMarks'>> {
  const { askSockets } = await import('./liveSockets.ts');
  return { sockets: await askSockets(suspects.flatMap(socketsOf)), ...readRecords() };
}

async function readPorts(platform: Platform, rows: readonly ReadRow[]): Promise<void> {
  const ports = await platform.listening(rows);
  for (const row of rows) row.ports = ports.get(row.pid) ?? row.ports;
}

function describe({ root, members, reason }: Found<ReadRow>, { wantedPorts }: Surroundings): LeftBehind {
  const ports = portsOf(members);
  // Of `npm run dev`, a person knows what listens in the end.
  const serving = members.find(({ ports: held }) => held.length > 0) ?? root;
  const script = root.environment.get(scriptVariable);
  return {
    pid: root.pid,
    startTime: root.startTime,
    program: programLabel(serving),
    ...(script !== undefined && { script }),
    commandLine: displayCommandLine(root.argv),
    cwd: root.cwd ?? '',
    ageMillis: Math.round(root.ageMillis),
    ports,
    processes: members.filter(({ alive }) => alive).length,
    reason,
    wantedPorts: [...new Set(ports.flatMap(({ protocol, port }) => (protocol === 'tcp' && wantedPorts.has(port) ? port : [])))],
  };
}

/** The certain ones first, and the oldest of them. */
function inOrder(found: readonly LeftBehind[]): LeftBehind[] {
  return [...found].sort((a, b) => Number(isCertain(b)) - Number(isCertain(a)) || b.ageMillis - a.ageMillis);
}
