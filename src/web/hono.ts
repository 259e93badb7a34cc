// All that is used of Hono, in one module: the build puts a bundle in its place, so that the package needs no dependency.
export { getRequestListener } from '@hono/node-server';
export { type Context, Hono } from 'hono';
