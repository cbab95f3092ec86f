import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import type * as z from 'zod';
import type { AgentHost } from '../agent/host.ts';
import { agentTools } from '../agent/tools.ts';
import { errorText } from '../protocol/errors.ts';
import { version } from '../protocol/version.ts';

/** The agent's tools by the Model Context Protocol. */
export function mcpServer(host: AgentHost): McpServer {
  const server = new McpServer(
    { name: 'tree-warden', version },
    {
      instructions:
        'Tree Warden guards process trees: what is started here is ended with all its children when its owner goes. Start servers with start_process, not in the background of a shell.',
    },
  );
  for (const { name, title, description, input, changes, run } of agentTools) {
    const annotations = { readOnlyHint: !changes, destructiveHint: changes && name !== 'start_process', openWorldHint: false };
    server.registerTool(name, { title, description, inputSchema: input as z.ZodObject, annotations }, async (given: unknown) => {
      try {
        return { content: [{ type: 'text', text: await run(host, given) }] };
      } catch (error) {
        return { content: [{ type: 'text', text: errorText(error) }], isError: true };
      }
    });
  }
  return server;
}
