/** UUIDs by their spelling. Pure. */
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** The canonical spelling only; Kratos also takes braces, `urn:uuid:` and 32 digits. */
export const isUuid = (text: string): boolean => UUID.test(text);
