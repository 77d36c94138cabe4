'use strict';
// The checks of ../run.py through @alicloud/log. It cannot read shards, so what it wrote is looked
// at with its getLogs.

const assert = require('assert');
const { lineIndex, nowSeconds, packages, refused, region, run } = require('./common');

const Client = packages('@alicloud/log');

const { project } = region;
const connect = (accessKeyId = region.keyId, accessKeySecret = region.secret, others = {}) =>
  new Client({ accessKeyId, accessKeySecret, endpoint: `http://${region.endpoint}`, ...others });
const client = connect();

const newLogstore = (name, shardCount = 1) => client.createLogStore(
  project, name, { ttl: 7, shardCount });
const put = (logstore, ...contents) => client.postLogStoreLogs(project, logstore, {
  topic: 'topic', source: '10.0.0.1', tags: [{ a: 'v-a' }, { b: 'v-b' }],
  logs: contents.map((content) => ({ timestamp: nowSeconds(), timestampNsPart: 999, content })) });
const range = () => [new Date(Date.now() - 300_000), new Date(Date.now() + 300_000)];

let queriedOnce;
function queried() {
  queriedOnce = queriedOnce || (async () => {
    await newLogstore('queried');
    await client.createIndex(project, 'queried', lineIndex('level'));
    await put('queried', ...['INFO', 'ERROR', 'INFO'].map((level, n) => ({ level, m: `${n}` })));
  })();
  return queriedOnce;
}

const checks = {
  project: async () => {
    await client.createProject(project, { description: 'first' });
    assert.strictEqual((await client.getProject(project)).description, 'first');
    await client.createProject('interop-gone', { description: 'to be deleted' });
    await client.deleteProject('interop-gone');
    await refused('ProjectNotExist', () => client.getProject('interop-gone'));
  },
  logstore: async () => {
    await newLogstore('meta', 2);
    await client.updateLogStore(project, 'meta', { ttl: 60, shardCount: 2 });
    const { ttl, shardCount } = await client.getLogStore(project, 'meta');
    assert.deepStrictEqual([ttl, shardCount], [60, 2]);
    await newLogstore('meta-gone');
    await client.deleteLogStore(project, 'meta-gone');
    const list = await client.listLogStore(project);
    assert.deepStrictEqual([list.logstores, list.total], [['meta'], 1]);
  },
  index: async () => {
    await newLogstore('indexed');
    await client.createIndex(project, 'indexed', lineIndex('level'));
    await client.updateIndex(project, 'indexed', lineIndex('level', 'm'));
    const got = await client.getIndexConfig(project, 'indexed');
    assert.deepStrictEqual(Object.keys(got.keys).sort(), ['level', 'm']);
    await client.deleteIndex(project, 'indexed');
    await refused('IndexConfigNotExist', () => client.getIndexConfig(project, 'indexed'));
  },
  'put-plain': async () => {
    await newLogstore('plain');
    assert.strictEqual(await put('plain', { m: 'plain' }), '');
  },
  faithful: async () => {
    await newLogstore('faithful');
    await client.createIndex(project, 'faithful', lineIndex('m'));
    await put('faithful', { m: '', n: '\u65e5\u5fd7 \ud83d\ude00' });
    const [log] = await client.getLogs(project, 'faithful', ...range(), { query: '*', line: 10 });
    assert.deepStrictEqual(
      [log.m, log.n, log.__topic__, log.__source__, log['__tag__:a'], log['__tag__:b']],
      ['', '\u65e5\u5fd7 \ud83d\ude00', 'topic', '10.0.0.1', 'v-a', 'v-b']);
  },
  'get-logs': async () => {
    await queried();
    const every = await client.getLogs(project, 'queried', ...range(), { query: '*', line: 10 });
    assert.strictEqual(every.length, 3);
    const some = await client.getLogs(project, 'queried', ...range(),
      { query: 'level: INFO', line: 10, offset: 0, reverse: false });
    assert.deepStrictEqual(some.map((log) => log.m), ['0', '2']);
  },
  histograms: async () => {
    await queried();
    const parts = await client.getHistograms(project, 'queried', ...range(),
      { query: 'level: INFO' });
    assert.strictEqual(parts.reduce((sum, part) => sum + part.count, 0), 2);
  },
  'wrong-key': async () => {
    await refused('SignatureNotMatch', () => connect(region.keyId, 'wrong').getProject(project));
    await refused('Unauthorized', () => connect('nobody').getProject(project));
  },
  'unknown-names': async () => {
    await refused('ProjectNotExist', () => client.getProject('interop-none'));
    await refused('LogStoreNotExist', () => client.getLogStore(project, 'none'));
    await refused('LogStoreNotExist', () => put('none', { m: 'x' }));
  },
  'already-exists': async () => {
    await refused('ProjectAlreadyExist', () => client.createProject(project, { description: 'd' }));
    await refused('LogStoreAlreadyExist', () => newLogstore('meta'));
  },
  'sign-v1-sha1': () => client.getProject(project),
  'sts-token': () => connect(region.keyId, region.secret, { securityToken: 'token/+==' })
    .getProject(project),
};

const absent = 'the client does not offer it';
run('@alicloud/log', checks, {
  shards: absent, configs: absent, 'pipeline-configs': absent, 'machine-groups': absent,
  'consumer-groups': absent, 'put-lz4': absent, 'put-zstd': absent, 'put-deflate': absent,
  'put-route-key': absent, 'put-once': absent, 'put-batch': absent, cursors: absent, pull: absent, 'pull-end-cursor': absent,
  'pull-query': absent, producer: absent, workers: absent,
  'bad-body': 'the client cannot send one', 'sign-v1-sha256': absent, 'sign-v4': absent,
});
