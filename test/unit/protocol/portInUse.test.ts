/** What servers of many kinds print when their port is held: recorded messages. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { portInUse } from '../../../src/protocol/portInUse.ts';
import { cpuMillisOf } from '../../support/cpuTime.ts';

const messages: readonly [string, number | undefined, string][] = [
  [
    'Node',
    5173,
    'Error: listen EADDRINUSE: address already in use :::5173\n    at Server.setupListenHandle [as _listen2] (node:net:1940:16)',
  ],
  ['Node, an address', 3000, 'Error: listen EADDRINUSE: address already in use 127.0.0.1:3000'],
  [
    'Node, the end of its report',
    5173,
    "    at node:net:2206:7\n    at process.processTicksAndRejections {\n  code: 'EADDRINUSE',\n  errno: -98,\n  syscall: 'listen',\n  address: '::',\n  port: 5173\n}\n\nNode.js v24.21.0",
  ],
  ['Node, a socket in the file system', undefined, 'Error: listen EADDRINUSE: address already in use /tmp/app.sock'],
  ['Node, in colours', 3000, '\u001b[31mError: listen EADDRINUSE: address already in use \u001b[1m:::3000\u001b[0m'],
  [
    'Vite with strictPort',
    5173,
    'error when starting dev server:\nError: Port 5173 is already in use\n    at Server.onError (file:///shop/node_modules/vite/dist/node/chunks/dep.js:45596:18)',
  ],
  ['webpack-dev-server', 8080, '[webpack-cli] Error: listen EADDRINUSE: address already in use 0.0.0.0:8080'],
  ['Next', 3000, ' ⨯ Failed to start server\nError: listen EADDRINUSE: address already in use :::3000'],
  ['Next 12', 3000, 'error - Port 3000 is already in use.'],
  ['Create React App', 3000, 'Something is already running on port 3000.'],
  ['Angular', 4200, "Error: Port 4200 is already in use. Use '--port' to specify a different port."],
  [
    'Nuxt',
    3000,
    ' ERROR  Unable to find an available port (tried 3000 on host "localhost"). listen EADDRINUSE: address already in use 127.0.0.1:3000',
  ],
  ['Parcel', 1234, '🚨 Port "1234" could not be used: Error: listen EADDRINUSE: address already in use :::1234'],
  ['Storybook', 6006, 'Error: listen EADDRINUSE: address already in use 127.0.0.1:6006'],
  ['Gatsby', 8000, 'ERROR: port 8000 is already in use'],
  [
    'Deno',
    undefined,
    'error: Uncaught (in promise) AddrInUse: Address already in use (os error 98)\n    at listen (ext:deno_net/01_net.js:594:35)',
  ],
  ['Bun', 3000, 'error: Failed to start server. Is port 3000 in use?\n syscall: "listen",\n   errno: 0,\n    code: "EADDRINUSE"'],
  ['python -m http.server', undefined, '    self.socket.bind(self.server_address)\nOSError: [Errno 98] Address already in use'],
  ['python on macOS', undefined, 'OSError: [Errno 48] Address already in use'],
  ['uvicorn', 8000, "ERROR:    [Errno 98] error while attempting to bind on address ('127.0.0.1', 8000): address already in use"],
  ['uvicorn with --reload', undefined, 'ERROR:    [Errno 98] Address already in use'],
  [
    'Flask',
    5000,
    'Address already in use\nPort 5000 is in use by another program. Either identify and stop that program, or start the server with a different port.',
  ],
  ['Django', undefined, 'Error: That port is already in use.'],
  [
    'gunicorn',
    8000,
    "[ERROR] Connection in use: ('127.0.0.1', 8000)\n[ERROR] connection to ('127.0.0.1', 8000) failed: [Errno 98] Address already in use",
  ],
  ['Hypercorn', 8000, "OSError: [Errno 98] error while attempting to bind on address ('0.0.0.0', 8000): address already in use"],
  ['Streamlit', 8501, 'Port 8501 is already in use'],
  ['Go', 8080, '2026/11/29 12:00:00 listen tcp :8080: bind: address already in use\nexit status 1'],
  ['Go, IPv6', 8080, 'listen tcp [::1]:8080: bind: address already in use'],
  [
    'Go on Windows',
    8080,
    'listen tcp :8080: bind: Only one usage of each socket address (protocol/network address/port) is normally permitted.',
  ],
  ['Rust', undefined, 'Error: Os { code: 98, kind: AddrInUse, message: "Address already in use" }'],
  [
    'Rust with a context',
    3000,
    "thread 'main' panicked at src/main.rs:12:10:\nfailed to bind to address 127.0.0.1:3000: Address already in use (os error 98)",
  ],
  ['Rocket', 8000, 'Error: Rocket failed to bind network socket to given address/port.\n   >> 127.0.0.1:8000: address already in use'],
  ['Trunk', 8080, 'error: error binding to 127.0.0.1:8080: Address already in use (os error 98)'],
  [
    'Spring Boot',
    8080,
    "APPLICATION FAILED TO START\n\nDescription:\n\nWeb server failed to start. Port 8080 was already in use.\n\nAction:\n\nIdentify and stop the process that's listening on port 8080 or configure this application to listen on another port.",
  ],
  ['Java', undefined, 'Exception in thread "main" java.net.BindException: Address already in use (Bind failed)'],
  ['Jetty', 8080, 'java.io.IOException: Failed to bind to 0.0.0.0/0.0.0.0:8080\nCaused by: java.net.BindException: Address already in use'],
  [
    'Quarkus',
    8080,
    'Port 8080 seems to be in use by another process. Quarkus may already be running or the port is used by another application.',
  ],
  ['nginx', 80, 'nginx: [emerg] bind() to 0.0.0.0:80 failed (98: Address already in use)'],
  ['nginx, IPv6', 8080, 'nginx: [emerg] bind() to [::]:8080 failed (98: Address already in use)'],
  ['Apache', 80, '(98)Address already in use: AH00072: make_sock: could not bind to address [::]:80'],
  [
    'Caddy',
    2019,
    'Error: loading initial config: loading new config: starting caddy administration endpoint: listen tcp 127.0.0.1:2019: bind: address already in use',
  ],
  ['Rails with Puma', 3000, 'Address already in use - bind(2) for "127.0.0.1" port 3000 (Errno::EADDRINUSE)'],
  ['WEBrick', 8000, "`initialize': Address already in use - bind(2) for 127.0.0.1:8000 (Errno::EADDRINUSE)"],
  ['Jekyll', 4000, 'jekyll 4.3.2 | Error:  Address already in use - bind(2) for 127.0.0.1:4000'],
  ['PHP', 8000, '[Sun Nov 29 12:00:00 2026] Failed to listen on localhost:8000 (reason: Address already in use)'],
  ['Laravel', 8000, '  [INFO] Failed to listen on 127.0.0.1:8000 (reason: Address already in use)'],
  ['.NET', 5000, 'Unhandled exception. System.IO.IOException: Failed to bind to address http://127.0.0.1:5000: address already in use.'],
  [
    '.NET on Windows',
    undefined,
    'System.Net.Sockets.SocketException (10048): Only one usage of each socket address (protocol/network address/port) is normally permitted.',
  ],
  [
    'Erlang, Phoenix',
    4000,
    '[error] Failed to start Ranch listener MyApp.Endpoint.HTTP in :ranch_tcp:listen([port: 4000]) for reason :eaddrinuse (address already in use)',
  ],
  ['Redis', 6379, '# Warning: Could not create server TCP listening socket *:6379: bind: Address already in use'],
  [
    'PostgreSQL',
    5432,
    'LOG:  could not bind IPv4 address "127.0.0.1": Address already in use\nHINT:  Is another postmaster already running on port 5432? If not, wait a few seconds and retry.',
  ],
  ['MongoDB', 27017, 'Failed to set up listener: SocketException: Address already in use 0.0.0.0:27017'],
  [
    'MySQL',
    3306,
    "[ERROR] Do you already have another mysqld server running on port: 3306 ?\n[ERROR] Can't start server: Bind on TCP/IP port: Address already in use",
  ],
  [
    'Docker',
    5432,
    'Error response from daemon: driver failed programming external connectivity: Bind for 0.0.0.0:5432 failed: port is already allocated',
  ],
  ['llama-server', 8080, "main: couldn't bind HTTP server socket, hostname: 127.0.0.1, port: 8080: Address already in use"],
  ['Ollama', 11434, 'Error: listen tcp 127.0.0.1:11434: bind: address already in use'],
  ['esbuild', 8000, 'Cannot listen on 8000: listen tcp4 0.0.0.0:8000: bind: address already in use'],
  ['Hugo', 1313, 'Error: server startup failed: listen tcp 127.0.0.1:1313: bind: address already in use'],
  [
    'a shell of Windows',
    8000,
    "OSError: [WinError 10048] error while attempting to bind on address ('127.0.0.1', 8000): only one usage of each socket address (protocol/network address/port) is normally permitted",
  ],
];

const others: readonly string[] = [
  '',
  'Listening on port 3000',
  'Port 5173 is in use, trying another one...',
  '  ➜  Local:   http://localhost:5174/',
  ' ⚠ Port 3000 is in use, using available port 3001 instead.',
  'Port 3000 is in use, trying 3001 instead.',
  'The variable is already in use',
  'Error: connect ECONNREFUSED 127.0.0.1:3000',
  'bind: permission denied: 127.0.0.1:80',
  'Username is already in use.',
  'The port of the old server is in the docs',
  'server started on port 8080, workers running: 4',
];

describe('the message of a port in use', () => {
  for (const [runtime, port, text] of messages)
    it(`is known of ${runtime}${port === undefined ? ', without its port' : ''}`, () => assert.deepEqual(portInUse(text), { port }));

  for (const text of others) it(`is not '${text}'`, () => assert.equal(portInUse(text), undefined));

  it('is found at the end of a long output, in time', () => {
    const long = `${'port 80 bind listen EADDRINUSE '.repeat(200)}\n`.repeat(200);
    const millis = cpuMillisOf(() => {
      assert.deepEqual(portInUse(`${long}Error: listen EADDRINUSE: address already in use :::5173\n`), { port: 5173 });
      portInUse('bind to a:'.repeat(100_000));
      portInUse('port '.repeat(100_000));
    });
    assert.ok(millis < 2000, `${millis} ms`);
  });
});
