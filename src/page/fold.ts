/** What people type, without what they don't mean by it. Pure. */
export const fold = (text: string): string => text.normalize('NFC').trim().toLowerCase();
