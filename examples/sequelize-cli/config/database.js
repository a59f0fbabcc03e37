'use strict';

// DATABASE_URL, or the variables that psql reads
module.exports = {
  dialect: 'postgres',
  url: process.env.DATABASE_URL,
  host: process.env.PGHOST,
  port: process.env.PGPORT,
  database: process.env.PGDATABASE,
  username: process.env.PGUSER,
  password: process.env.PGPASSWORD,
};
