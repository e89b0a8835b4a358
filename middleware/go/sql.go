// SPDX-License-Identifier: Apache-2.0

package profiler

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
)

// Open is sql.Open with counted queries: those that are given the context of a measured request (QueryContext, ExecContext,
// prepared statements). The time is that of the execution; fetching further rows is not in it.
func Open(driverName, dataSource string) (*sql.DB, error) {
	plain, err := sql.Open(driverName, dataSource)
	if err != nil {
		return nil, err
	}
	defer plain.Close() // Only its driver is needed; it has opened no connection.
	if opener, ok := plain.Driver().(driver.DriverContext); ok {
		connector, err := opener.OpenConnector(dataSource)
		if err != nil {
			return nil, err
		}
		return sql.OpenDB(WrapConnector(connector)), nil
	}
	return sql.OpenDB(WrapConnector(&simpleConnector{plain.Driver(), dataSource})), nil
}

// WrapConnector counts the queries of a connector's connections.
func WrapConnector(connector driver.Connector) driver.Connector { return &wrappedConnector{connector} }

type simpleConnector struct {
	driver     driver.Driver
	dataSource string
}

func (c *simpleConnector) Connect(context.Context) (driver.Conn, error) {
	return c.driver.Open(c.dataSource)
}
func (c *simpleConnector) Driver() driver.Driver { return c.driver }

type wrappedConnector struct{ driver.Connector }

func (c *wrappedConnector) Connect(ctx context.Context) (driver.Conn, error) {
	connection, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return &wrappedConn{connection}, nil
}

// wrappedConn offers every optional interface. Where the driver lacks one, it answers what database/sql takes as its absence.
type wrappedConn struct{ driver.Conn }

var errNamed = errors.New("profiler: the driver does not support named parameters")

func values(named []driver.NamedValue) ([]driver.Value, error) {
	plain := make([]driver.Value, len(named))
	for i, value := range named {
		if value.Name != "" {
			return nil, errNamed
		}
		plain[i] = value.Value
	}
	return plain, nil
}

func (c *wrappedConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	queryer, ok := c.Conn.(driver.QueryerContext)
	if !ok {
		return nil, driver.ErrSkip // database/sql then prepares a statement, which is counted.
	}
	end, cancel := FromContext(ctx).startQuery(query)
	rows, err := queryer.QueryContext(ctx, query, args)
	if err == driver.ErrSkip {
		cancel() // database/sql runs it again as a prepared statement.
	} else {
		end()
	}
	return rows, err
}

func (c *wrappedConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	execer, ok := c.Conn.(driver.ExecerContext)
	if !ok {
		return nil, driver.ErrSkip
	}
	end, cancel := FromContext(ctx).startQuery(query)
	result, err := execer.ExecContext(ctx, query, args)
	if err == driver.ErrSkip {
		cancel()
	} else {
		end()
	}
	return result, err
}

func (c *wrappedConn) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	var statement driver.Stmt
	var err error
	if preparer, ok := c.Conn.(driver.ConnPrepareContext); ok {
		statement, err = preparer.PrepareContext(ctx, query)
	} else {
		statement, err = c.Conn.Prepare(query)
	}
	if err != nil {
		return nil, err
	}
	return &wrappedStmt{statement, c, query}, nil
}

func (c *wrappedConn) BeginTx(ctx context.Context, options driver.TxOptions) (driver.Tx, error) {
	if beginner, ok := c.Conn.(driver.ConnBeginTx); ok {
		return beginner.BeginTx(ctx, options)
	}
	if options.Isolation != driver.IsolationLevel(sql.LevelDefault) {
		return nil, errors.New("profiler: the driver does not support another isolation level")
	}
	if options.ReadOnly {
		return nil, errors.New("profiler: the driver does not support read-only transactions")
	}
	return c.Conn.Begin() //nolint:staticcheck // All that such a driver has.
}

func (c *wrappedConn) Ping(ctx context.Context) error {
	if pinger, ok := c.Conn.(driver.Pinger); ok {
		return pinger.Ping(ctx)
	}
	return nil
}

func (c *wrappedConn) ResetSession(ctx context.Context) error {
	if resetter, ok := c.Conn.(driver.SessionResetter); ok {
		return resetter.ResetSession(ctx)
	}
	return nil
}

func (c *wrappedConn) IsValid() bool {
	if validator, ok := c.Conn.(driver.Validator); ok {
		return validator.IsValid()
	}
	return true
}

func (c *wrappedConn) CheckNamedValue(value *driver.NamedValue) error {
	if checker, ok := c.Conn.(driver.NamedValueChecker); ok {
		return checker.CheckNamedValue(value)
	}
	return driver.ErrSkip
}

// Raw gives sql.Conn.Raw's function the driver's own connection.
func (c *wrappedConn) Raw() driver.Conn { return c.Conn }

type wrappedStmt struct {
	driver.Stmt
	connection *wrappedConn
	query      string
}

func (s *wrappedStmt) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	defer FromContext(ctx).StartQuery(s.query)()
	if queryer, ok := s.Stmt.(driver.StmtQueryContext); ok {
		return queryer.QueryContext(ctx, args)
	}
	plain, err := values(args)
	if err != nil {
		return nil, err
	}
	return s.Stmt.Query(plain) //nolint:staticcheck // All that such a driver has.
}

func (s *wrappedStmt) ExecContext(ctx context.Context, args []driver.NamedValue) (driver.Result, error) {
	defer FromContext(ctx).StartQuery(s.query)()
	if execer, ok := s.Stmt.(driver.StmtExecContext); ok {
		return execer.ExecContext(ctx, args)
	}
	plain, err := values(args)
	if err != nil {
		return nil, err
	}
	return s.Stmt.Exec(plain) //nolint:staticcheck // All that such a driver has.
}

func (s *wrappedStmt) CheckNamedValue(value *driver.NamedValue) error {
	if checker, ok := s.Stmt.(driver.NamedValueChecker); ok {
		return checker.CheckNamedValue(value)
	}
	if converter, ok := s.Stmt.(driver.ColumnConverter); ok { //nolint:staticcheck // Older drivers convert so.
		converted, err := converter.ColumnConverter(value.Ordinal - 1).ConvertValue(value.Value)
		if err == nil {
			value.Value = converted
		}
		return err
	}
	return s.connection.CheckNamedValue(value)
}
