import type { ProcessSpec } from './processSchema.ts';

/** In a command line: `--port 3000`, `--port=3000`, `-p 3000`, `PORT=3000`. */
const inCommand = /(?:^|\s)(?:--(?:[a-z]+-)?port[= ]|-p |PORT=)(\d{1,5})(?=\s|$)/g;

/**
 * The TCP ports that a declaration names by number: in its probes, its command and its variable PORT. Those that are given out by name are free by
 * themselves. In ascending order, each once.
 */
export function fixedPorts({ command, env = {}, ready, alive }: Pick<ProcessSpec, 'command' | 'env' | 'ready' | 'alive'>): number[] {
  const line = typeof command === 'string' ? command : command.join(' ');
  const found = [
    ...Array.from(line.matchAll(inCommand), ([, port]) => port),
    env['PORT'],
    ...[ready, alive].flatMap((probe) => [portOfTcp(probe?.tcp), portOfUrl(probe?.http)]),
  ];
  const ports = found.map(Number).filter((port) => Number.isInteger(port) && port >= 1 && port <= 65_535);
  return [...new Set(ports)].sort((a, b) => a - b);
}

/** Of a port, or "host:port" on this machine. */
function portOfTcp(tcp: string | number | undefined): string | undefined {
  const [, host, port] = /^(?:(.*):)?(\d+)$/.exec(String(tcp ?? '')) ?? [];
  return isThisMachine(host) ? port : undefined;
}

function portOfUrl(http: string | undefined): string | undefined {
  const [, host, port] = /^https?:\/\/([^/?#]*?):(\d+)(?:[/?#]|$)/.exec(http ?? '') ?? [];
  return isThisMachine(host) ? port : undefined;
}

function isThisMachine(host = 'localhost'): boolean {
  return /^(?:localhost|127(?:\.\d+){3}|0\.0\.0\.0|\[?::1?\]?)$/.test(host);
}
