export const version: string;
export function compiled(path: string): { code: string; map: string };
export function compileAll(): Promise<void>;
