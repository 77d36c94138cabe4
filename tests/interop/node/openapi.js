'use strict';
// The checks of ../run.py through @alicloud/sls20201230, the generated TypeScript SDK.
//
// Two of its generated calls cannot work (docs/interop.md), so reading and writing logs go through
// its own execute() and gateway (addressing, signing, compression) with a description put right.

const assert = require('assert');
const { lineIndex, nowSeconds, packages, refused, region, run } = require('./common');

const sls = packages('@alicloud/sls20201230');
const { $OpenApiUtil } = packages('@alicloud/openapi-core');
const protobuf = packages('protobufjs');

const { project } = region;
const schema = protobuf.parse(`
  syntax = "proto2"; package sls;
  message Content { required string Key = 1; required bytes Value = 2; }
  message Log { required uint32 Time = 1; repeated Content Contents = 2; optional fixed32 Time_ns = 4; }
  message Tag { required string Key = 1; required string Value = 2; }
  message Group { repeated Log Logs = 1; optional string Topic = 3; optional string Source = 4;
                  repeated Tag LogTags = 6; }
  message List { repeated bytes Groups = 1; }`, { keepCase: true }).root;
const [Group, List] = ['sls.Group', 'sls.List'].map((name) => schema.lookupType(name));

function connect(changes = {}) {
  return new sls.default(new $OpenApiUtil.Config({
    accessKeyId: region.keyId, accessKeySecret: region.secret, endpoint: region.endpoint,
    protocol: 'http', regionId: 'cn-local', ...changes }));
}
const client = connect();

async function execute(by, method, pathname, types, request) {
  const answer = await by.execute(
    new $OpenApiUtil.Params({ version: '2020-12-30', protocol: 'HTTP', method, pathname,
      authType: 'AK', style: 'ROA', ...types }),
    new $OpenApiUtil.OpenApiRequest({ hostMap: { project }, headers: {}, query: {}, ...request }),
    new (packages('@darabonba/typescript').RuntimeOptions)({}));
  return answer;
}

const groupOf = (...logs) => Group.encode({
  Topic: 'topic', Source: '10.0.0.1',
  Logs: logs.map((contents) => ({
    Time: nowSeconds(),
    Contents: contents.map(([Key, Value]) => ({ Key, Value: Buffer.from(Value) })),
  })),
}).finish();

async function put(logstore, group, { by = client, headers = {}, route } = {}) {
  const target = route ? `route?key=${route}` : 'lb';
  await execute(by, 'POST', `/logstores/${logstore}/shards/${target}`,
    { action: 'PutLogs', reqBodyType: 'binary', bodyType: 'none' },
    { body: Buffer.from(group), headers: { 'content-type': 'application/x-protobuf', ...headers } });
}
const putText = (logstore, text, options) => put(logstore, groupOf([['m', text]]), options);

const cursorAt = async (logstore, from, shard = 0) => (
  await client.getCursor(project, logstore, `${shard}`, new sls.GetCursorRequest({ from: `${from}` }))
).body.cursor;

async function pull(logstore, cursor, query = {}, shard = 0, by = client) {
  const answer = await execute(by, 'GET', `/logstores/${logstore}/shards/${shard}?type=log`,
    { action: 'PullLogs', reqBodyType: 'none', bodyType: 'byte' }, { query: { cursor, ...query } });
  const groups = answer.body && answer.body.length ? List.decode(answer.body).Groups : [];
  assert.strictEqual(String(groups.length), answer.headers['x-log-count']);
  return {
    groups,
    next: answer.headers['x-log-cursor'],
    headers: answer.headers,
    texts: groups.flatMap((group) => Group.decode(group).Logs.flatMap(
      (log) => log.Contents.map((content) => Buffer.from(content.Value).toString()))),
  };
}
const stored = async (logstore, shard = 0) => (
  await pull(logstore, await cursorAt(logstore, 'begin', shard), {}, shard)).texts;

const newLogstore = (logstoreName, shardCount = 1) => client.createLogStore(
  project, new sls.CreateLogStoreRequest({ logstoreName, ttl: 7, shardCount }));

async function putAndRead(name, options) {
  await newLogstore(name);
  await putText(name, name, options);
  assert.deepStrictEqual(await stored(name), [name]);
}

const fileConfig = (filePattern) => new sls.LogtailConfig({
  configName: 'simple', inputType: 'file', outputType: 'LogService',
  inputDetail: { logType: 'common_reg_log', logPath: '/var/log', filePattern, regex: '(.*)',
    key: ['content'] },
  outputDetail: { logstoreName: 'meta', endpoint: 'localhost', region: 'local' } });
const pipeline = (filePath) => ({
  configName: 'pipe', inputs: [{ Type: 'input_file', FilePaths: [filePath] }],
  flushers: [{ Type: 'flusher_sls', Logstore: 'meta', Endpoint: 'localhost' }] });
const machineGroup = (...machineList) => ({
  groupName: 'web', groupType: '', machineIdentifyType: 'userdefined', machineList,
  groupAttribute: { externalName: '', groupTopic: 't' } });
const states = (shards) => shards.body.map((shard) => [shard.shardID, shard.status]);

let queriedOnce;
async function queried() {
  queriedOnce = queriedOnce || (async () => {
    await newLogstore('queried');
    await client.createIndex(project, 'queried',
      new sls.CreateIndexRequest({ body: new sls.Index(lineIndex('level')) }));
    await put('queried', groupOf(...['INFO', 'ERROR', 'INFO'].map(
      (level, n) => [['level', level], ['m', `${n}`]])));
  })();
  await queriedOnce;
  return { from: nowSeconds() - 300, to: nowSeconds() + 300 };
}

const checks = {
  project: async () => {
    await client.createProject(
      new sls.CreateProjectRequest({ projectName: project, description: 'first' }));
    await client.updateProject(project, new sls.UpdateProjectRequest({ description: 'second' }));
    assert.strictEqual((await client.getProject(project)).body.description, 'second');
    await client.createProject(
      new sls.CreateProjectRequest({ projectName: 'interop-gone', description: 'd' }));
    const list = (await client.listProject(new sls.ListProjectRequest({}))).body;
    assert.deepStrictEqual(list.projects.map((entry) => entry.projectName).sort(),
      ['interop-gone', project]);
    await client.deleteProject('interop-gone', new sls.DeleteProjectRequest({}));
    assert.strictEqual((await client.listProject(new sls.ListProjectRequest({}))).body.total, 1);
  },
  logstore: async () => {
    await newLogstore('meta', 2);
    await client.updateLogStore(project, 'meta',
      new sls.UpdateLogStoreRequest({ logstoreName: 'meta', ttl: 60, shardCount: 2 }));
    const { ttl, shardCount } = (await client.getLogStore(project, 'meta')).body;
    assert.deepStrictEqual([ttl, shardCount], [60, 2]);
    await newLogstore('meta-gone');
    await client.deleteLogStore(project, 'meta-gone');
    const list = (await client.listLogStores(project, new sls.ListLogStoresRequest({}))).body;
    assert.deepStrictEqual([list.logstores, list.total], [['meta'], 1]);
  },
  shards: async () => {
    await newLogstore('shards', 2);
    assert.deepStrictEqual(states(await client.listShards(project, 'shards')),
      [[0, 'readwrite'], [1, 'readwrite']]);
    const key = '40000000000000000000000000000000';
    assert.deepStrictEqual(
      states(await client.splitShard(project, 'shards', '0', new sls.SplitShardRequest({ key }))),
      [[0, 'readonly'], [2, 'readwrite'], [3, 'readwrite']]);
    assert.deepStrictEqual(states(await client.mergeShard(project, 'shards', '2')),
      [[4, 'readwrite'], [2, 'readonly'], [3, 'readonly']]);
    const parts = await client.splitShard(project, 'shards', '4',
      new sls.SplitShardRequest({ shardCount: 3 }));
    assert.strictEqual(parts.body.length, 4);
  },
  index: async () => {
    await newLogstore('indexed');
    const body = (...fields) => ({ body: new sls.Index(lineIndex(...fields)) });
    await client.createIndex(project, 'indexed', new sls.CreateIndexRequest(body('level')));
    await client.updateIndex(project, 'indexed', new sls.UpdateIndexRequest(body('level', 'm')));
    const got = (await client.getIndex(project, 'indexed')).body;
    assert.deepStrictEqual(Object.keys(got.keys).sort(), ['level', 'm']);
    await client.deleteIndex(project, 'indexed');
    await refused('IndexConfigNotExist', () => client.getIndex(project, 'indexed'));
  },
  configs: async () => {
    await client.createConfig(project, new sls.CreateConfigRequest({ body: fileConfig('*.log') }));
    await client.updateConfig(project, 'simple',
      new sls.UpdateConfigRequest({ body: fileConfig('*.txt') }));
    const got = (await client.getConfig(project, 'simple')).body;
    assert.strictEqual(got.inputDetail.filePattern, '*.txt');
    const list = (await client.listConfig(project, new sls.ListConfigRequest({}))).body;
    assert.deepStrictEqual([list.configs, list.total], [['simple'], 1]);
  },
  'pipeline-configs': async () => {
    await client.createLogtailPipelineConfig(project,
      new sls.CreateLogtailPipelineConfigRequest(pipeline('/var/log/*.log')));
    await client.updateLogtailPipelineConfig(project, 'pipe',
      new sls.UpdateLogtailPipelineConfigRequest(pipeline('/srv/*.log')));
    const got = (await client.getLogtailPipelineConfig(project, 'pipe')).body;
    assert.deepStrictEqual(got.inputs, pipeline('/srv/*.log').inputs);
    await client.deleteLogtailPipelineConfig(project, 'pipe');
    const list = (await client.listLogtailPipelineConfig(project,
      new sls.ListLogtailPipelineConfigRequest({}))).body;
    assert.strictEqual(list.total, 0);
  },
  'machine-groups': async () => {
    await client.createMachineGroup(project, new sls.CreateMachineGroupRequest(machineGroup('web')));
    await client.updateMachineGroup(project, 'web',
      new sls.UpdateMachineGroupRequest(machineGroup('web', 'web-2')));
    const got = (await client.getMachineGroup(project, 'web')).body;
    assert.deepStrictEqual(got.machineList, ['web', 'web-2']);
    await client.applyConfigToMachineGroup(project, 'web', 'simple');
    assert.deepStrictEqual((await client.getAppliedConfigs(project, 'web')).body.configs, ['simple']);
    assert.deepStrictEqual(
      (await client.getAppliedMachineGroups(project, 'simple')).body.machinegroups, ['web']);
    await client.removeConfigFromMachineGroup(project, 'web', 'simple');
    const machines = await client.listMachines(project, 'web', new sls.ListMachinesRequest({}));
    assert.strictEqual(machines.body.total, 0);
    await client.deleteMachineGroup(project, 'web');
  },
  'consumer-groups': async () => {
    await newLogstore('groups', 2);
    await client.createConsumerGroup(project, 'groups',
      new sls.CreateConsumerGroupRequest({ consumerGroup: 'cg', timeout: 30, order: false }));
    await client.updateConsumerGroup(project, 'groups', 'cg',
      new sls.UpdateConsumerGroupRequest({ timeout: 40, order: true }));
    const [group] = (await client.listConsumerGroup(project, 'groups')).body;
    assert.deepStrictEqual([group.name, group.timeout, group.order], ['cg', 40, true]);
    const held = await client.consumerGroupHeartBeat(project, 'groups', 'cg',
      new sls.ConsumerGroupHeartBeatRequest({ consumer: 'c1', body: [] }));
    assert.deepStrictEqual(held.body, [0, 1]);
    const checkpoint = await cursorAt('groups', 'begin', 1);
    await client.consumerGroupUpdateCheckPoint(project, 'groups', 'cg',
      new sls.ConsumerGroupUpdateCheckPointRequest(
        { consumer: 'c1', shard: 1, checkpoint, forceSuccess: true }));
    const saved = await client.getCheckPoint(project, 'groups', 'cg',
      new sls.GetCheckPointRequest({ shard: 1 }));
    assert.deepStrictEqual([saved.body[0].checkpoint, saved.body[0].consumer], [checkpoint, 'c1']);
    await client.deleteConsumerGroup(project, 'groups', 'cg');
  },
  'put-lz4': () => putAndRead('lz4', { headers: { 'x-log-compresstype': 'lz4' } }),
  'put-deflate': () => putAndRead('deflate', { headers: { 'x-log-compresstype': 'deflate' } }),
  'put-route-key': async () => {
    await newLogstore('routed', 2);
    await putText('routed', 'left', { route: '01'.padEnd(32, '0') });
    await putText('routed', 'right', { route: '81'.padEnd(32, '0') });
    assert.deepStrictEqual([await stored('routed', 0), await stored('routed', 1)],
      [['left'], ['right']]);
  },
  faithful: async () => {
    await newLogstore('faithful');
    const Contents = [Buffer.from(''), Buffer.from('twice'), Buffer.from([0xff, 0xfe, 0]),
      Buffer.from('\u65e5\u5fd7')].map((Value) => ({ Key: 'k', Value }));
    const group = Group.encode({
      Topic: 't', Logs: [{ Time: 1700000000, Contents, Time_ns: 999999999 }],
      LogTags: ['a', 'a', 'b'].map((Key) => ({ Key, Value: `v-${Key}` })),
    }).finish();
    await put('faithful', group);
    const page = await pull('faithful', await cursorAt('faithful', 'begin'));
    assert.deepStrictEqual(Buffer.from(page.groups[0]), Buffer.from(group));
  },
  cursors: async () => {
    await newLogstore('cursors');
    await putText('cursors', 'one');
    await putText('cursors', 'two');
    const cursor = await cursorAt('cursors', 'begin');
    const time = (await client.getCursorTime(project, 'cursors', '0',
      new sls.GetCursorTimeRequest({ cursor }))).body.cursorTime;
    assert(Math.abs(time - nowSeconds()) < 60, `the cursor's time is ${time}`);
    assert.strictEqual(await cursorAt('cursors', time), cursor);
    assert.strictEqual(await cursorAt('cursors', time + 3600), await cursorAt('cursors', 'end'));
    await refused('InvalidCursor', () => pull('cursors', 'no cursor'));
  },
  pull: async () => {
    await newLogstore('pull');
    const wanted = [...Array(10).keys()].map((n) => `log ${n}`);
    for (const text of wanted) await putText('pull', text);
    const got = [];
    let cursor = await cursorAt('pull', 'begin');
    for (let i = 0; i < 4; ++i) {
      const page = await pull('pull', cursor, { count: 3 });
      got.push(...page.texts);
      cursor = page.next;
    }
    assert.deepStrictEqual(got, wanted);
    const end = await pull('pull', cursor);
    assert.deepStrictEqual([end.groups.length, end.next], [0, cursor]);
  },
  'pull-end-cursor': async () => {
    await newLogstore('stops');
    for (const text of 'abcde') await putText('stops', text);
    const begin = await cursorAt('stops', 'begin');
    const two = (await pull('stops', begin, { count: 2 })).next;
    const page = await pull('stops', begin, { end_cursor: two });
    assert.deepStrictEqual([page.texts, page.next], [['a', 'b'], two]);
  },
  'pull-query': async () => {
    await queried();
    const page = await pull('queried', await cursorAt('queried', 'begin'),
      { query: "* | where level = 'ERROR'" });
    assert.deepStrictEqual(page.texts, ['ERROR', '1']);
  },
  'get-logs': async () => {
    const range = await queried();
    const every = await client.getLogsV2(project, 'queried', new sls.GetLogsV2Request(
      { ...range, query: '*', line: 100, offset: 0 }), new sls.GetLogsV2Headers({}));
    assert.deepStrictEqual([every.body.meta.count, every.body.meta.progress], [3, 'Complete']);
    const some = await client.getLogs(project, 'queried', new sls.GetLogsRequest(
      { ...range, query: 'level: INFO', line: 100, offset: 0 }));
    assert.deepStrictEqual(some.body.map((log) => log.m), ['0', '2']);
  },
  histograms: async () => {
    const answer = await client.getHistograms(project, 'queried',
      new sls.GetHistogramsRequest({ ...await queried(), query: 'level: INFO' }));
    assert.strictEqual(answer.body.reduce((sum, part) => sum + part.count, 0), 2);
  },
  'wrong-key': async () => {
    for (const signatureVersion of ['v1', 'v4']) {
      const wrong = connect({ accessKeySecret: 'wrong', signatureVersion });
      await refused('SignatureNotMatch', () => wrong.getProject(project));
      const nobody = connect({ accessKeyId: 'nobody', signatureVersion });
      await refused('Unauthorized', () => nobody.getProject(project));
    }
  },
  'unknown-names': async () => {
    await refused('ProjectNotExist', () => client.getProject('interop-none'));
    await refused('LogStoreNotExist', () => client.getLogStore(project, 'none'));
    await refused('LogStoreNotExist', () => putText('none', 'x'));
    await refused('ShardNotExist', () => cursorAt('meta', 'begin', 99));
    await refused('ConfigNotExist', () => client.getConfig(project, 'none'));
    await refused('MachineGroupNotExist', () => client.getMachineGroup(project, 'none'));
    await refused('ConsumerGroupNotExist', () => client.getCheckPoint(project, 'meta', 'none',
      new sls.GetCheckPointRequest({})));
  },
  'already-exists': async () => {
    await refused('ProjectAlreadyExist', () => client.createProject(
      new sls.CreateProjectRequest({ projectName: project, description: 'again' })));
    await refused('LogStoreAlreadyExist', () => newLogstore('meta'));
    await refused('ConfigAlreadyExist', () => client.createConfig(project,
      new sls.CreateConfigRequest({ body: fileConfig('*.log') })));
    const twice = () => client.createConsumerGroup(project, 'meta',
      new sls.CreateConsumerGroupRequest({ consumerGroup: 'twice', timeout: 30, order: false }));
    await twice();
    await refused('ConsumerGroupAlreadyExist', twice);
  },
  'bad-body': () => refused('PostBodyInvalid',
    () => put('meta', Buffer.from('\x0a\xff\xff no LogGroup', 'latin1'))),
  'sign-v1-sha256': () => client.getProject(project),
  'sts-token': async () => {
    for (const signatureVersion of ['v1', 'v4']) {
      await connect({ signatureVersion, securityToken: 'token/+==' }).getProject(project);
    }
  },
  'sign-v4': async () => {
    const by = connect({ signatureVersion: 'v4' });
    await newLogstore('v4-store');
    await putText('v4-store', 'signed with v4', { by });
    const page = await pull('v4-store', await cursorAt('v4-store', 'begin'), {}, 0, by);
    assert.deepStrictEqual(page.texts, ['signed with v4']);
    const odd = await by.listLogStores(project,
      new sls.ListLogStoresRequest({ logstoreName: 'odd +&=~*/' }));
    assert.strictEqual(odd.body.total, 0);
  },
};

run('@alicloud/sls20201230', checks, {
  'put-zstd': 'the client does not offer it',
  'put-plain': 'the client always compresses',
  'put-once': 'the client does not offer it',
  'put-batch': 'the client does not offer it',
  producer: 'the client does not offer it',
  workers: 'the client does not offer it',
  'sign-v1-sha1': 'the client does not offer it',
});
