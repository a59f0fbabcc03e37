// bench/orm.mjs: users, their to-dos and tags as objects of JavaScript, by ORMs and by find_all. Run by bench/orm.
//
// usage: node orm.mjs ROUNDS. Prints a Markdown table.
import { performance } from 'node:perf_hooks';
import pg from 'pg';
import { DataTypes, Sequelize } from 'sequelize';
import { lte, relations } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/node-postgres';
import { boolean, integer, pgTable, primaryKey, text, timestamp } from 'drizzle-orm/pg-core';

const rounds = Number(process.argv[2]);
const client = new pg.Client({ database: 'postgres', user: 'postgres' });
await client.connect();

// ---- Sequelize

const sequelize = new Sequelize('postgres', 'postgres', '', {
  dialect: 'postgres', host: process.env.PGHOST, port: Number(process.env.PGPORT), logging: false, pool: { max: 1 },
});
const plain = { timestamps: false };
const User = sequelize.define('User', { name: DataTypes.TEXT, email: DataTypes.TEXT, createdAt: DataTypes.DATE }, { ...plain, tableName: 'users' });
const Todo = sequelize.define('Todo', { title: DataTypes.TEXT, done: DataTypes.BOOLEAN, createdAt: DataTypes.DATE }, { ...plain, tableName: 'todos' });
const Tag = sequelize.define('Tag', { label: DataTypes.TEXT }, { ...plain, tableName: 'tags' });
User.hasMany(Todo, { as: 'todos', foreignKey: 'userId' });
Todo.belongsTo(User, { foreignKey: 'userId' });
Todo.belongsToMany(Tag, { as: 'tags', through: 'todo_tags', foreignKey: 'todoId', otherKey: 'tagId', timestamps: false });

const bySequelize = (separate) => (upTo) => User.findAll({
  where: { id: { [Sequelize.Op.lte]: upTo } },
  include: [{ association: 'todos', separate, include: [{ association: 'tags', through: { attributes: [] } }] }],
});

// ---- Drizzle

const users = pgTable('users', { id: integer().primaryKey(), name: text(), email: text(), createdAt: timestamp({ withTimezone: true }) });
const todos = pgTable('todos', {
  id: integer().primaryKey(), title: text(), done: boolean(), createdAt: timestamp({ withTimezone: true }), userId: integer(),
});
const tags = pgTable('tags', { id: integer().primaryKey(), label: text() });
const todoTags = pgTable('todo_tags', { todoId: integer(), tagId: integer() }, (t) => [primaryKey({ columns: [t.todoId, t.tagId] })]);
const db = drizzle(client, {
  schema: {
    users, todos, tags, todoTags,
    usersRelations: relations(users, ({ many }) => ({ todos: many(todos) })),
    todosRelations: relations(todos, ({ one, many }) => ({
      user: one(users, { fields: [todos.userId], references: [users.id] }), links: many(todoTags),
    })),
    todoTagsRelations: relations(todoTags, ({ one }) => ({
      todo: one(todos, { fields: [todoTags.todoId], references: [todos.id] }), tag: one(tags, { fields: [todoTags.tagId], references: [tags.id] }),
    })),
  },
});
const byDrizzle = (upTo) => db.query.users.findMany({
  where: lte(users.id, upTo), with: { todos: { with: { links: { columns: {}, with: { tag: true } } } } },
});

// ---- SQL

const query = async (name, sql, values) => (await client.query({ name, text: sql, values })).rows[0];
const byHand = async (upTo) => (await query('lateral', `
  SELECT json_agg(row_to_json(r)) AS answer FROM (SELECT u.*, a.todos FROM users u CROSS JOIN LATERAL (
      SELECT coalesce(json_agg(row_to_json(x)), '[]') AS todos FROM (SELECT t.*, b.tags FROM todos t CROSS JOIN LATERAL (
          SELECT coalesce(json_agg(row_to_json(y)), '[]') AS tags FROM (
              SELECT g.* FROM todo_tags j JOIN tags g ON g.id = j."tagId" WHERE j."todoId" = t.id) y) b
          WHERE t."userId" = u.id) x) a WHERE u.id <= $1) r`, [upTo])).answer;
const byUs = async (upTo) => (await query('find_all', `SELECT assoc.find_all('User', $1::jsonb) AS answer`,
  [{ where: { id: { lte: upTo } }, include: 'todos.tags' }])).answer;

// ---- measuring

const ways = {
  'Sequelize, include': bySequelize(false), 'Sequelize, separate': bySequelize(true), 'Drizzle, relational query': byDrizzle,
  'pg, LATERAL json_agg': byHand, 'pg, find_all': byUs,
};
const total = Number((await client.query('SELECT count(*) FROM users')).rows[0].count);
const works = [['one user', 1, 100], ['100 users', 100, 5], [`all ${total} users`, total, 1]];
const took = {};

// How many of each there are, whatever they are called.
const count = (answer) => answer.reduce((n, u) => n + 1 + u.todos.reduce((m, t) => m + 1 + (t.tags ?? t.links).length, 0), 0);
const shuffled = (list) => list.map((x) => [Math.random(), x]).sort((a, b) => a[0] - b[0]).map((x) => x[1]);
const median = (list) => list.sort((a, b) => a - b)[Math.floor(list.length / 2)];

for (const [work, upTo] of works) {
  const expected = count(await byHand(upTo));
  for (const [way, run] of Object.entries(ways)) {
    const found = count(await run(upTo));
    if (found !== expected) throw new Error(`${work}: ${way} finds ${found} objects, not ${expected}`);
  }
}
for (let round = 1; round <= rounds; round++) {
  for (const [[work, upTo, runs], way] of shuffled(works.flatMap((w) => Object.keys(ways).map((way) => [w, way])))) {
    await ways[way](upTo);
    const start = performance.now();
    for (let i = 0; i < runs; i++) await ways[way](upTo);
    (took[`${work}|${way}`] ??= []).push((performance.now() - start) / runs);
  }
  console.error(`== round ${round} of ${rounds}`);
}
console.log('| work | by | ms | times find_all |\n|---|---|---|---|');
for (const [work] of works) {
  const ours = median(took[`${work}|pg, find_all`]);
  for (const way of Object.keys(ways)) {
    const ms = median(took[`${work}|${way}`]);
    console.log(`| ${work} | ${way} | ${ms.toFixed(2)} | ${(ms / ours).toFixed(1)} |`);
  }
}
await sequelize.close();
await client.end();
