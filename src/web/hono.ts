// Everything that is used from Hono. The build replaces this module by a bundle, so that the package has no dependency on it.
export { getRequestListener } from '@hono/node-server';
export type { Context } from 'hono';
export { Hono } from 'hono/tiny';
