/**
 * MCP servers with and without a guard: what is left of them when their client ends, and what the guard costs at the start.
 *   node test/bench/mcp.ts [STARTS [NAME…]]      default: 7 starts of each kind, all servers
 */
import { ensureMcpServers } from '../../src/build/mcpServers.ts';
import {
  browserServers,
  endings,
  OfficialMcp,
  type OfficialServer,
  officialServers,
  type Parent,
  parents,
} from '../support/officialMcp.ts';
import { eventually } from '../support/run.ts';
import { printTable } from '../support/table.ts';

/** After so long, in milliseconds, a process counts as left: a guarded one has 2 s of grace. */
const settleMillis = 4000;
const [, , starts = '7', ...names] = process.argv;
const servers = [...officialServers, ...browserServers].filter(({ name }) => names.length === 0 || names.includes(name));

ensureMcpServers();
await using mcp = new OfficialMcp();

const leftRows: string[][] = [];
for (const server of servers) {
  for (const parent of parentsOf(server)) {
    for (const ending of endings) {
      const cells: string[] = [];
      for (const isGuarded of [false, true]) {
        await mcp.end(await mcp.start(server, parent, isGuarded), ending);
        const isEmpty = async (): Promise<boolean> => (await mcp.left()).length === 0;
        await eventually('nothing is left', isEmpty, settleMillis).catch(() => undefined);
        cells.push(String((await mcp.left()).length));
        await mcp.clear();
      }
      leftRows.push([server.name, parent, ending, ...cells]);
      console.log(`${server.name}, ${parent}, ${ending}: ${cells.join(' plain, ')} guarded`);
    }
  }
}
printTable(
  `processes that are left ${settleMillis / 1000} s after their client`,
  ['server', 'started by', 'the client ends by', 'plain', 'guarded'],
  leftRows,
);

const startRows: string[][] = [];
for (const server of servers) {
  for (const parent of parentsOf(server)) {
    const times: Record<'plain' | 'guarded', number[]> = { plain: [], guarded: [] };
    // In turns, so that both meet the same machine.
    for (let start = 0; start < Number(starts); start++) {
      for (const kind of ['plain', 'guarded'] as const) {
        const session = await mcp.start(server, parent, kind === 'guarded');
        times[kind].push(session.millis);
        await mcp.end(session, 'SIGKILL');
        await mcp.clear();
      }
    }
    const [plain, guarded] = [median(times.plain), median(times.guarded)];
    startRows.push([server.name, parent, plain.toFixed(0), guarded.toFixed(0), (guarded - plain).toFixed(0)]);
  }
}
printTable(
  `milliseconds from the start of a server to its list of tools (median of ${starts})`,
  ['server', 'started by', 'plain', 'guarded', 'more'],
  startRows,
);

/** A browser takes its time: one way for those. */
function parentsOf(server: OfficialServer): readonly Parent[] {
  return browserServers.includes(server) ? ['npx'] : parents;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}
