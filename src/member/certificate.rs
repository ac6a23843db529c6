//! Follows the files of the certificate: a renewed one is used without a restart.

use super::Plane;
use crate::files::FileWatch;

/// Takes what the files hold, whenever that changes, for ever.
pub(super) async fn follow(plane: &Plane) {
    let Some(tls) = &plane.config.tls else { return };
    let (certificate, key) = (FileWatch::new(tls.certificate()), FileWatch::new(tls.key()));
    loop {
        tokio::select! {
            () = certificate.changed() => {}
            () = key.changed() => {}
            () = plane.look_now.notified() => {}
        }
        match tls.look() {
            None => {}
            Some(Ok(())) => {
                plane.stats.certificates.add();
                tracing::info!(path = %tls.certificate().display(), "certificate replaced");
            }
            Some(Err(error)) => {
                plane.stats.certificates_refused.add();
                tracing::error!(%error, "certificate is not used, the last good one stays");
            }
        }
    }
}
