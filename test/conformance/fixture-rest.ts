/** Resources, prompts and completions that the conformance suite asks for by name. */
import {
  acceptedContent,
  completable,
  inputRequired,
  ResourceTemplate,
  type GetPromptResult,
  type McpServer,
  type PromptMessage,
  type ServerContext,
} from '@modelcontextprotocol/server';
import { z } from 'zod';
import { form } from './fixture-rounds.ts';
import { PIXEL } from './media.ts';

export function registerResources(server: McpServer): void {
  const fixed = (name: string, mimeType: string, content: { text: string } | { blob: string }) => {
    const uri = `test://${name}`;
    server.registerResource(name, uri, { title: name, description: `The resource ${name}`, mimeType }, () => ({
      contents: [{ uri, mimeType, ...content }],
    }));
  };
  fixed('static-text', 'text/plain', { text: 'This is the content of the static text resource.' });
  fixed('static-binary', 'image/png', { blob: PIXEL });
  fixed('watched-resource', 'text/plain', { text: 'Watched resource content' });
  const template = new ResourceTemplate('test://template/{id}/data', { list: undefined });
  const about = { title: 'By id', description: 'A resource with a parameter', mimeType: 'application/json' };
  server.registerResource('template', template, about, (uri, { id }) => ({
    contents: [
      { uri: uri.href, mimeType: 'application/json', text: JSON.stringify({ id, templateTest: true, data: `Data for ID: ${String(id)}` }) },
    ],
  }));
  // `McpServer` has no handlers of its own for these.
  server.server.setRequestHandler('resources/subscribe', () => ({}));
  server.server.setRequestHandler('resources/unsubscribe', () => ({}));
  server.server.setRequestHandler('logging/setLevel', () => ({}));
}

const said = (...content: PromptMessage['content'][]): GetPromptResult => ({
  messages: content.map((it) => ({ role: 'user', content: it })),
});
const words = (text: string): PromptMessage['content'] => ({ type: 'text', text });

export function registerPrompts(server: McpServer): void {
  server.registerPrompt('test_simple_prompt', { description: 'Without arguments' }, () =>
    said(words('This is a simple prompt for testing.')),
  );

  const suggested = ['test', 'tested', 'testing'];
  const argsSchema = z.object({
    arg1: completable(z.string().describe('First test argument'), (typed) => suggested.filter((it) => it.startsWith(typed))),
    arg2: z.string().describe('Second test argument'),
  });
  server.registerPrompt('test_prompt_with_arguments', { description: 'With two arguments', argsSchema }, ({ arg1, arg2 }) =>
    said(words(`Prompt with arguments: arg1='${arg1}', arg2='${arg2}'`)),
  );

  const embedded = z.object({ resourceUri: z.string().describe('URI of the resource to embed') });
  server.registerPrompt('test_prompt_with_embedded_resource', { description: 'With a resource', argsSchema: embedded }, ({ resourceUri }) =>
    said(
      { type: 'resource', resource: { uri: resourceUri, mimeType: 'text/plain', text: 'Embedded resource content for testing.' } },
      words('Please process the embedded resource above.'),
    ),
  );
  server.registerPrompt('test_prompt_with_image', { description: 'With an image' }, () =>
    said({ type: 'image', data: PIXEL, mimeType: 'image/png' }, words('Please analyze the image above.')),
  );

  // Without a schema of arguments the context comes first, which the overloads don't say.
  server.registerPrompt('test_input_required_result_prompt', { description: 'Asks before it answers' }, (given) => {
    const { mcpReq } = given as unknown as ServerContext;
    const context = acceptedContent<{ context?: unknown }>(mcpReq.inputResponses, 'user_context')?.context;
    if (typeof context === 'string') return said(words(`Use the following context: ${context}`));
    return inputRequired({ inputRequests: { user_context: form('What context should the prompt use?', 'context') } });
  });
}
