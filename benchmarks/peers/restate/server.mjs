// A Restate server with a store of its own, which ends with this process, however that ends.
import { spawn } from 'node:child_process';
import { openSync } from 'node:fs';
import http from 'node:http';
import { createRequire } from 'node:module';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const START_TRIES_MAX = 600;
const TRY_EVERY_MS = 100;

// A server that keeps its store in `folder`. All of its settings are the defaults, except that it
// listens on Unix sockets in that folder, and on nothing else, and reports its use to nobody.
export class RestateServer {
  // Resolves when the server takes requests.
  static async start(folder) {
    const server = new RestateServer(folder);
    for (let i = 0; !(await server.isReady()); ++i) {
      if (i === START_TRIES_MAX || server.ended) throw new Error(`no Restate, see ${server.log}`);
      await sleep(TRY_EVERY_MS);
    }
    return server;
  }

  constructor(folder) {
    this.folder = path.resolve(folder);
    this.log = path.join(this.folder, 'log');
    this.agent = new http.Agent({ keepAlive: true });
    const log = openSync(this.log, 'a');
    this.process = spawn('setpriv', [
      '--pdeathsig', 'KILL', program(), '--listen-mode', 'unix', '--node-name', 'bench',
      '--base-dir', this.folder, '--no-logo',
    ], { stdio: ['ignore', log, log], env: { ...process.env, RESTATE_DISABLE_TELEMETRY: 'true' } });
    const over = () => { this.ended = true; };
    this.process.on('error', over).on('exit', over);
  }

  async isReady() {
    try {
      await this.request('admin', 'GET', '/health');
      await this.request('ingress', 'GET', '/restate/health');
      return true;
    } catch {
      return false;
    }
  }

  // Makes known the services that are served at `uri`.
  async register(uri) {
    await this.request('admin', 'POST', '/deployments', { uri });
  }

  // The answer of `handler` of `service`, which is carried out once for each `key`.
  async call(service, handler, key, argument) {
    return this.request('ingress', 'POST', `/${service}/${handler}`, argument, {
      'idempotency-key': key,
    });
  }

  // Sends `body` and resolves to the answer, both as JSON.
  request(socket, method, target, body, headers = {}) {
    return new Promise((resolve, reject) => {
      const request = http.request({
        agent: this.agent, socketPath: path.join(this.folder, 'bench', `${socket}.sock`),
        method, path: target, headers: { ...headers, 'content-type': 'application/json' },
      }, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (part) => { text += part; });
        response.on('error', reject).on('end', () => {
          if (response.statusCode >= 300) reject(new Error(`${target}: ${text}`));
          else resolve(text === '' ? undefined : JSON.parse(text));
        });
      });
      request.on('error', reject).end(body === undefined ? undefined : JSON.stringify(body));
    });
  }

  // Ends the server at once. What it stored is left.
  kill() {
    this.agent.destroy();
    this.process.kill('SIGKILL');
  }
}

// The server's program, from the package for this kind of machine.
function program() {
  return createRequire(import.meta.url).resolve(
    `@restatedev/restate-server-${process.platform}-${process.arch}/bin/restate-server`);
}
