/** What the conformance suite calls by name, as far as one answer suffices: contents of each kind, notifications on the way, questions of the 2025 era. */
import { fromJsonSchema, type CallToolResult, type ContentBlock, type McpServer, type ServerContext } from '@modelcontextprotocol/server';
import { z } from 'zod';
import { PIXEL, SILENCE } from './media.ts';

export const text = (it: string): CallToolResult => ({ content: [{ type: 'text', text: it }] });
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
export const NOTHING = z.object({});

const resource = (uri: string, mimeType: string, content: string): ContentBlock => ({
  type: 'resource',
  resource: { uri, mimeType, text: content },
});
const image: ContentBlock = { type: 'image', data: PIXEL, mimeType: 'image/png' };

const CONTENTS: Readonly<Record<string, readonly ContentBlock[]>> = {
  test_simple_text: [{ type: 'text', text: 'This is a simple text response for testing.' }],
  test_image_content: [image],
  test_audio_content: [{ type: 'audio', data: SILENCE, mimeType: 'audio/wav' }],
  test_embedded_resource: [resource('test://embedded-resource', 'text/plain', 'This is an embedded resource content.')],
  test_multiple_content_types: [
    { type: 'text', text: 'Multiple content types test:' },
    image,
    resource('test://mixed-content-resource', 'application/json', '{"test":"data","value":123}'),
  ],
  test_streaming_elicitation: [{ type: 'text', text: 'One result, and no request of the server’s own on its stream.' }],
};

export function registerTools(server: McpServer): void {
  for (const [name, content] of Object.entries(CONTENTS)) {
    server.registerTool(name, { description: `Answers with ${content.map((it) => it.type).join(', ')}` }, () => ({
      content: [...content],
    }));
  }
  server.registerTool('test_error_handling', { description: 'Fails' }, () => {
    throw new Error('This tool intentionally returns an error for testing');
  });
  registerNotifying(server);
  registerAsking(server);
  registerSchemas(server);
}

function registerNotifying(server: McpServer): void {
  server.registerTool('test_tool_with_logging', { description: 'Logs three times', inputSchema: NOTHING }, async (_, ctx) => {
    for (const data of ['Tool execution started', 'Tool processing data', 'Tool execution completed']) {
      await ctx.mcpReq.notify({ method: 'notifications/message', params: { level: 'info', data } });
      await pause(50);
    }
    return text('Tool with logging executed successfully');
  });
  server.registerTool('test_logging_tool', { description: 'Logs where the request wants it', inputSchema: NOTHING }, async (_, ctx) => {
    await ctx.mcpReq.log('info', 'only for a request that named a level');
    return text('logged');
  });
  server.registerTool('test_tool_with_progress', { description: 'Reports progress', inputSchema: NOTHING }, async (_, ctx) => {
    const progressToken = ctx.mcpReq._meta?.progressToken;
    if (progressToken === undefined) return text('no progress token');
    for (const progress of [0, 50, 100]) {
      const params = { progressToken, progress, total: 100, message: `Completed step ${progress} of 100` };
      await ctx.mcpReq.notify({ method: 'notifications/progress', params });
      await pause(50);
    }
    return text(String(progressToken));
  });
}

/** Requests of the server to the client, within a call: the 2025 era's way. */
function registerAsking(server: McpServer): void {
  const sample = z.object({ prompt: z.string() });
  server.registerTool('test_sampling', { description: 'Asks the client’s model', inputSchema: sample }, async ({ prompt }, ctx) => {
    const messages = [{ role: 'user' as const, content: { type: 'text' as const, text: prompt } }];
    const { content } = await ctx.mcpReq.requestSampling({ messages, maxTokens: 100 });
    return text(`LLM response: ${'text' in content ? content.text : JSON.stringify(content)}`);
  });
  const wording = z.object({ message: z.string() });
  server.registerTool('test_elicitation', { description: 'Asks the user', inputSchema: wording }, async ({ message }, ctx) =>
    elicited(ctx, { message, properties: { response: { type: 'string', description: "User's response" } }, required: ['response'] }),
  );
  server.registerTool('test_elicitation_sep1034_defaults', { description: 'A form with defaults', inputSchema: NOTHING }, async (_, ctx) =>
    elicited(ctx, { message: 'Please review and update the form fields with defaults', properties: DEFAULTS }),
  );
  server.registerTool('test_elicitation_sep1330_enums', { description: 'A form with choices', inputSchema: NOTHING }, async (_, ctx) =>
    elicited(ctx, { message: 'Please select options from the enum fields', properties: CHOICES }),
  );
}

type Form = Parameters<ServerContext['mcpReq']['elicitInput']>[0] & { mode?: 'form' };
type Properties = Form extends { requestedSchema: { properties: infer P } } ? P : never;

const DEFAULTS: Properties = {
  name: { type: 'string', description: 'User name', default: 'John Doe' },
  age: { type: 'integer', description: 'User age', default: 30 },
  score: { type: 'number', description: 'User score', default: 95.5 },
  status: { type: 'string', description: 'User status', enum: ['active', 'inactive', 'pending'], default: 'active' },
  verified: { type: 'boolean', description: 'Verification status', default: true },
};
const titled = (values: readonly string[]) => values.map((it, index) => ({ const: it, title: `Choice ${index + 1}` }));
const VALUES = ['value1', 'value2', 'value3'];
const OPTIONS = ['option1', 'option2', 'option3'];
const CHOICES: Properties = {
  untitledSingle: { type: 'string', enum: OPTIONS },
  titledSingle: { type: 'string', oneOf: titled(VALUES) },
  legacyEnum: { type: 'string', enum: ['opt1', 'opt2', 'opt3'], enumNames: ['Option One', 'Option Two', 'Option Three'] },
  untitledMulti: { type: 'array', minItems: 1, maxItems: 3, items: { type: 'string', enum: OPTIONS } },
  titledMulti: { type: 'array', minItems: 1, maxItems: 3, items: { anyOf: titled(VALUES) } },
};

interface Asked {
  readonly message: string;
  readonly properties: Properties;
  readonly required?: string[];
}

async function elicited(ctx: ServerContext, { message, properties, required = [] }: Asked): Promise<CallToolResult> {
  const { action, content } = await ctx.mcpReq.elicitInput({ message, requestedSchema: { type: 'object', properties, required } });
  return text(`User response: action=${action}, content=${JSON.stringify(content ?? {})}`);
}

/** Hand-written JSON Schemas, which must reach the client as they are. */
function registerSchemas(server: McpServer): void {
  const region = { type: 'string' as const, 'x-mcp-header': 'Region' }; // a keyword of the protocol's own
  const mirrored = fromJsonSchema<{ region?: string }>({
    type: 'object',
    properties: { region, level: { type: 'integer' } },
  });
  server.registerTool('test_x_mcp_header', { description: 'An argument that a header mirrors', inputSchema: mirrored }, (args) =>
    text(`region=${args.region ?? '<none>'}`),
  );
  const whole = fromJsonSchema({
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    type: 'object',
    $defs: {
      address: { $anchor: 'addressDef', type: 'object', properties: { street: { type: 'string' }, city: { type: 'string' } } },
    },
    properties: {
      name: { type: 'string' },
      address: { $ref: '#/$defs/address' },
      contactMethod: { type: 'string', enum: ['phone', 'email'] },
      phone: { type: 'string' },
      email: { type: 'string' },
    },
    allOf: [{ anyOf: [{ required: ['phone'] }, { required: ['email'] }] }],
    if: { properties: { contactMethod: { const: 'phone' } }, required: ['contactMethod'] },
    // oxlint-disable-next-line unicorn/no-thenable -- a keyword of JSON Schema
    then: { required: ['phone'] },
    else: { required: ['email'] },
    additionalProperties: false,
  });
  server.registerTool('json_schema_2020_12_tool', { description: 'JSON Schema 2020-12', inputSchema: whole }, (args) =>
    text(`called with ${JSON.stringify(args)}`),
  );
}
