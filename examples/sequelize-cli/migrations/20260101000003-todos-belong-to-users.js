'use strict';

/** @type {import('sequelize-cli').Migration} */
module.exports = {
  // All of it or nothing: each call gets the transaction.
  async up(queryInterface, Sequelize) {
    const { sequelize } = queryInterface;

    await sequelize.transaction(async (transaction) => {
      // trusted: the owner of the database may
      await sequelize.query('CREATE EXTENSION IF NOT EXISTS todo_assoc', { transaction });

      // no `references` here: apply() makes the foreign key, and its index
      await queryInterface.addColumn('Todos', 'userId', { type: Sequelize.INTEGER }, { transaction });
      await sequelize.query(
        "SELECT assoc.has_many('User', 'Todo', foreign_key => 'userId')",
        { transaction },
      );
      await sequelize.query(
        "SELECT assoc.belongs_to('Todo', 'User', foreign_key => 'userId', on_delete => 'CASCADE')",
        { transaction },
      );
      await sequelize.query('SELECT * FROM assoc.apply()', { transaction });

      // apply() tells of rows that break the rule as `blocked`, and goes on; this makes it an error
      await sequelize.query(
        "SELECT * FROM assoc.validate('Todo.user, User.todos', fail_on => 'warning')",
        { transaction },
      );
    });
  },

  // The associations end with their column; the foreign key, the index and the accessors go too.
  async down(queryInterface) {
    await queryInterface.removeColumn('Todos', 'userId');
  },
};
