/** What a browser is told about calls from web pages. Never with credentials, never any origin but the one that asks and is listed. */
type Headers = Readonly<Record<string, string>>;

/** For answers to a page of a listed origin. */
export const corsHeaders = (origin: string): Headers => ({
  'Access-Control-Allow-Origin': origin,
  'Access-Control-Expose-Headers': 'Mcp-Session-Id, WWW-Authenticate, Retry-After',
});

/** What the page's browser asks before it sends the call itself. */
export const preflightHeaders = (origin: string): Headers => ({
  'Access-Control-Allow-Origin': origin,
  'Access-Control-Allow-Methods': 'POST, GET, DELETE',
  'Access-Control-Allow-Headers':
    'Accept, Authorization, Content-Type, Last-Event-ID, Mcp-Method, Mcp-Name, MCP-Protocol-Version, Mcp-Session-Id, traceparent',
  'Access-Control-Max-Age': '600',
});

/** Metadata is for everybody (RFC 9728), and holds nothing that depends on who asks. */
export const metadataCors: Headers = {
  'Access-Control-Allow-Origin': '*',
  'Access-Control-Allow-Methods': 'GET, HEAD, OPTIONS',
  'Access-Control-Allow-Headers': '*',
};
