//! How a bus is reached: within a time limit.

use std::time::Duration;

use tokio::time::timeout;
use zbus::connection::Builder;
use zbus::{Connection, MessageStream};

/// How long a bus, or somebody on it, may take to answer.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);

/// Connects, and returns all that comes over the connection. The error is in words.
pub(super) async fn connect(
    builder: zbus::Result<Builder<'_>>,
) -> Result<(Connection, MessageStream), String> {
    let connecting = async { builder?.build().await };
    match timeout(PATIENCE, connecting).await {
        Ok(Ok(connection)) => Ok((connection.clone(), MessageStream::from(connection))),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err("it does not answer".to_owned()),
    }
}
