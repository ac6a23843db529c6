//! The control plane: owns the table file, checks every edit, publishes.
//!
//! One path for every edit, from the API, the command line or an editor: `editor`. It knows nothing
//! of members; they meet in the bytes of `/pat`.

mod admin;
mod editor;
mod next;

use std::sync::Arc;

use hyper::{Request, Response};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::config::{MasterConfig, Token};
use crate::files::FileWatch;
use crate::net::body::Body;
use crate::net::request_body::RequestBody;
use crate::net::serve::{self, Client, Handler, ServeLimits};
use crate::site::{Publisher, Site};

pub use editor::{EditRejection, Editor, Outcome, StartError};
pub use next::Change;

/// A master with its table loaded.
#[derive(Debug)]
pub struct Master {
    editor: Editor,
    token: Option<Token>,
}

impl Master {
    /// Reads the table file and verifies the PAC that it gives.
    ///
    /// # Errors
    /// A file that is no valid table, or whose PAC fails.
    pub async fn open(config: MasterConfig) -> Result<Self, StartError> {
        let editor = Editor::open(config.table, config.pac).await?;
        Ok(Self { editor, token: config.token })
    }

    /// What is published now.
    pub fn site(&self) -> Arc<Site> {
        self.editor.site()
    }

    /// Serves on the listener and follows the table file until `shutdown`.
    pub async fn run(self, listener: TcpListener, shutdown: CancellationToken) {
        let watch = FileWatch::new(self.editor.path());
        let publisher = Publisher::new(self.editor.published(), shutdown.clone());
        let plane = Arc::new(Plane { master: self, publisher });
        let header = plane.master.site();
        let header = header.table().header();
        tracing::info!(array = %header.array_name, config_id = %header.config_id, "master is serving");
        let follow = async {
            loop {
                watch.changed().await;
                plane.master.editor.take_hand_edit().await;
            }
        };
        let serving = serve::run(listener, Arc::clone(&plane), ServeLimits::default(), shutdown);
        tokio::select! {
            () = serving => {}
            () = follow => {}
        }
    }
}

#[derive(Debug)]
struct Plane {
    master: Master,
    publisher: Publisher<Site>,
}

impl Handler for Plane {
    async fn handle(&self, request: Request<RequestBody>, client: Client) -> Response<Body> {
        let (head, body) = request.into_parts();
        if let Some(response) = self.publisher.answer(&head).await {
            return response;
        }
        admin::answer(
            &self.master.editor,
            self.master.token.as_ref().map(Token::secret),
            head,
            body,
            client.address,
        )
        .await
    }
}
